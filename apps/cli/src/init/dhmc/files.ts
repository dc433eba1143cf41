import type { InitFile, Partition } from '../settings.ts';
import {
  LARGEST_TEMPLATE_BYTES,
  ROLE_NAME,
  ROLE_POLICY,
  roleTemplate,
  settingTemplate,
  stackSetTemplate,
} from './cloudformation.ts';
import { type LackingTarget, regionsByAccount, writeTargets } from './targets.ts';
import { hostManagementTerraform } from './terraform.ts';

/** What the files of `muster init dhmc` are written from. */
export interface DhmcSettings {
  /** By account and region, and not empty: see `mergeTargets`. */
  readonly targets: readonly LackingTarget[];
  readonly partition: Partition;
  /** Where stacks are made; enabled in every account. */
  readonly homeRegion: string;
  /** No StackSet reaches it; null when it was not named. */
  readonly managementAccount: string | null;
}

/** Everything that it writes. The same settings give the same bytes. */
export function dhmcFiles(settings: DhmcSettings): readonly InitFile[] {
  const { targets, partition } = settings;
  const reached = targets.filter((target) => isReached(target, settings));
  const stackSet = reached.length === 0 ? null : stackSetTemplate(reached, settings);
  return [
    { path: 'README.md', content: readme(settings, stackSet) },
    { path: 'targets.json', content: writeTargets(targets) },
    { path: 'cloudformation/role.yaml', content: roleTemplate(partition) },
    { path: 'cloudformation/setting.yaml', content: settingTemplate() },
    ...(stackSet === null ? [] : [{ path: 'cloudformation/stackset.yaml', content: stackSet }]),
    { path: 'terraform/main.tf', content: hostManagementTerraform(targets, partition) },
  ];
}

function isReached({ accountId, unit }: LackingTarget, { managementAccount }: DhmcSettings): boolean {
  return unit !== null && accountId !== managementAccount;
}

function readme(settings: DhmcSettings, stackSet: string | null): string {
  const { targets } = settings;
  const hosts = targets.reduce((sum, one) => sum + (one.hosts ?? 0), 0);
  const accounts = regionsByAccount(targets).size;
  return `# Default Host Management Configuration

For the administrator of AWS. These files switch it on in the ${targets.length} accounts × regions of \`targets.json\` (${accounts} accounts), and nowhere else. It would win up to
${hosts} running hosts that Systems Manager does not manage: those that run SSM agent 3.2.582.0 or later and answer IMDSv2. \`hosts\` null in
\`targets.json\`: an earlier run wrote this target, and it lacks the setting no more.

Every host of such an account and region whose instance profile does not allow its agent to register gets the role \`${ROLE_NAME}\`, with the policy
\`${ROLE_POLICY}\` of AWS. Any process on such a host can use that role, so read the policy first.

Take one of the two ways. Muster notices by itself: agents register within about half an hour, and the next scan enrolls their hosts.

## CloudFormation

${stackSetSteps(settings, stackSet)}
${byHandSteps(settings)}
## Terraform

\`terraform/main.tf\`, applied once per account with credentials of that account; it needs version 6 of the AWS provider. Where an account has the role
already, add \`-var create_role=false\`.

\`\`\`sh
cd terraform && terraform init && terraform apply
\`\`\`

## A second run

\`muster init dhmc --dir THIS_FOLDER --force\` adds the targets that have come to lack it, and keeps those that are here: what leaves these files would be switched off. For the
same reason stacks keep what they made when they are deleted, and Terraform refuses to destroy it.

To switch it off in an account and region (its agents without a profile then lose Systems Manager):

\`\`\`sh
aws ssm reset-service-setting --region "$REGION" \\
  --setting-id /ssm/managed-instance/default-ec2-instance-management-role
\`\`\`
`;
}

function stackSetSteps({ homeRegion }: DhmcSettings, stackSet: string | null): string {
  if (stackSet === null) return 'No StackSet reaches these accounts: no organization listed them.\n';
  const fromS3 =
    Buffer.byteLength(stackSet) > LARGEST_TEMPLATE_BYTES ? ' \\\n  --s3-bucket "$A_BUCKET_OF_YOURS"' : '';
  return `Once, with credentials of the management account, where trusted access for StackSets is on. It makes two StackSets: the role, then the setting. In an account that has the role
already the first one fails, and stops nothing.

\`\`\`sh
aws cloudformation deploy --region ${homeRegion} --stack-name muster-dhmc-stacksets \\
  --template-file cloudformation/stackset.yaml${fromS3}
\`\`\`
`;
}

/** For accounts that no StackSet reaches. */
function byHandSteps(settings: DhmcSettings): string {
  const { targets, managementAccount, homeRegion } = settings;
  const left = [...regionsByAccount(targets.filter((target) => !isReached(target, settings)))];
  if (managementAccount !== null && left.length === 0) return '';
  const management =
    managementAccount === null
      ? 'StackSets never reach the management account. When it is in `targets.json`, run init again with `--management-account ID --force`.\n'
      : '';
  const named = left.map(
    ([accountId, those]) => `- ${accountId}: ${those.map(({ region }) => region).join(', ')}`,
  );
  if (named.length === 0) return management;
  return `${management}
StackSets do not reach these accounts:

${named.join('\n')}

With credentials of each, the role (unless the account has it already) and then the setting in each of its regions:

\`\`\`sh
aws cloudformation deploy --region ${homeRegion} --stack-name muster-dhmc-role \\
  --template-file cloudformation/role.yaml --capabilities CAPABILITY_NAMED_IAM
for region in ${left[0]?.[1].map(({ region }) => region).join(' ') ?? ''}; do
  aws cloudformation deploy --region "$region" --stack-name muster-dhmc-setting \\
    --template-file cloudformation/setting.yaml
done
\`\`\`
`;
}
