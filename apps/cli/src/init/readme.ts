import {
  DEFAULT_DOCUMENT,
  hasOwnDocument,
  INVENTORY_BOT,
  type InitSettings,
  JOIN_TOKEN,
} from './settings.ts';

/** The steps, in order, with the commands as they are typed in the folder that init wrote. */
export function readme(settings: InitSettings): string {
  const sections = [
    introduction(settings),
    tokenStep(settings),
    authStep(settings),
    discoveryRoleStep(settings),
    memberRoleStep(settings),
    ...(hasOwnDocument(settings) ? [documentStep(settings)] : []),
    installStep(),
    inventoryStep(settings),
    startStep(),
    undoing(settings),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** A fenced block of shell commands. */
function sh(...lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n');
}

function introduction(settings: InitSettings): string {
  const { organizationId, proxy, discoveryAccount, discoveryRole, homeRegion } = settings;
  const where =
    discoveryAccount === null
      ? `The account of the role \`${discoveryRole}\` was not given to init, so the commands ask for it:\n\n${sh('export DISCOVERY_ACCOUNT_ID=111122223333')}`
      : `Workers run in the account ${discoveryAccount} as the role \`${discoveryRole}\`.`;
  return `# Muster for ${organizationId} and ${proxy}

Written by \`muster init\`. Run the commands in this folder, in this order; every file is made to be read before. One file is
secret: \`marker.key\` (docs/sending-once.md); the external id is a name, not a password.

${where} The AWS CLI needs a region, also for what has none:

${sh(`export AWS_DEFAULT_REGION=${homeRegion}`)}

Before you begin: every instance to enroll needs the SSM agent and the managed policy \`AmazonSSMManagedInstanceCore\` on its
instance profile (or Default Host Management Configuration in its account and region: \`muster plan\` says where hosts lack it,
\`muster init dhmc\` writes what switches it on), and a way to ${proxy}.`;
}

function tokenStep(settings: InitSettings): string {
  const refresh =
    settings.tokenAccounts === null
      ? ''
      : `

The token lists accounts. Muster, once it runs, knows those of today; when the organization has changed (or every hour, from
cron):

${sh('muster token --file teleport/token.yaml', 'tctl create -f teleport/token.yaml')}`;
  return `## 1. The join token

${sh('tctl create -f teleport/token.yaml')}${refresh}`;
}

function authStep(settings: InitSettings): string {
  if (settings.tokenAccounts !== null) {
    return `## 2. The Auth Service

Nothing to do: the token lists accounts, so Auth asks AWS nothing and may run anywhere.`;
  }
  return `## 2. The Auth Service

Auth must be able to ask which organization an account belongs to. It runs in the management account or in that of a delegated
administrator, as a role that gets this policy:

${sh(
  'AUTH_ROLE=teleport-auth   # the role of your Auth Service',
  'aws iam put-role-policy --role-name "$AUTH_ROLE" --policy-name teleport-join-validation \\',
  '  --policy-document file://iam/auth-policy.json',
)}

If Auth cannot run there, list the accounts in the token instead: \`muster init … --token-accounts accounts.txt\`.`;
}

function discoveryRoleStep(settings: InitSettings): string {
  const { homeRegion, discoveryAccount } = settings;
  const policy =
    discoveryAccount === null
      ? 'Run `muster init` with `--discovery-account` to have the policy written (`iam/organization-policy.json`), or make the account a delegated administrator.'
      : `Look first, because an organization has one such policy only, and \`put\` replaces it:

${sh(
  'aws organizations describe-resource-policy',
  'aws organizations put-resource-policy --content file://iam/organization-policy.json',
)}`;
  return `## 3. The discovery role

With credentials of the account that workers run in:

${sh(
  `aws cloudformation deploy --region ${homeRegion} --stack-name muster-discovery \\`,
  '  --template-file cloudformation/discovery-role.yaml --capabilities CAPABILITY_NAMED_IAM',
)}

(Terraform: \`terraform/discovery\`. By hand: \`iam/discovery-trust.json\`, \`iam/discovery-policy.json\`.)${tagsLater(settings)}

If that account is neither the management account nor a delegated administrator, the management account lets it read the
organization. ${policy}`;
}

function tagsLater({ readsAccountTags, discoveryAccount }: InitSettings): string {
  if (readsAccountTags) return '';
  const alike = [
    'iam/discovery-policy.json',
    ...(discoveryAccount === null ? [] : ['iam/organization-policy.json']),
    'terraform/discovery/main.tf',
  ];
  return `

The role may not read the tags of accounts, which nothing needs until \`account_tags\` or \`exclude_account_tags\` stand in
\`muster.yaml\`. Then write its policy again, and deploy it: \`muster init … --only cloudformation/discovery-role.yaml --force\`
(or ${alike.map((path) => `\`${path}\``).join(', ')}).`;
}

function memberRoleStep(settings: InitSettings): string {
  const { homeRegion, discoveryAccount, memberRole } = settings;
  const stackSetParameter =
    discoveryAccount === null
      ? ['  --parameters ParameterKey=DiscoveryAccountId,ParameterValue="$DISCOVERY_ACCOUNT_ID" \\']
      : [];
  const stackParameter =
    discoveryAccount === null
      ? ['  --parameter-overrides DiscoveryAccountId="$DISCOVERY_ACCOUNT_ID" \\']
      : [];
  return `## 4. The member role \`${memberRole.path === '/' ? '' : memberRole.path.slice(1)}${memberRole.name}\` in every account

With credentials of the management account. A StackSet brings it to every account, those that join later included:

${sh(
  'aws cloudformation activate-organizations-access',
  "ROOT_ID=$(aws organizations list-roots --query 'Roots[0].Id' --output text)",
  `aws cloudformation create-stack-set --region ${homeRegion} --stack-set-name muster-member-role \\`,
  '  --template-body file://cloudformation/member-role.yaml --capabilities CAPABILITY_NAMED_IAM \\',
  ...stackSetParameter,
  '  --permission-model SERVICE_MANAGED --managed-execution Active=true \\',
  '  --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false',
  `aws cloudformation create-stack-instances --region ${homeRegion} --stack-set-name muster-member-role \\`,
  `  --deployment-targets OrganizationalUnitIds="$ROOT_ID" --regions ${homeRegion} \\`,
  '  --operation-preferences FailureTolerancePercentage=100,MaxConcurrentPercentage=100',
)}

A StackSet never reaches the management account itself. To enroll its instances too:

${sh(
  `aws cloudformation deploy --region ${homeRegion} --stack-name muster-member-role \\`,
  ...stackParameter,
  '  --template-file cloudformation/member-role.yaml --capabilities CAPABILITY_NAMED_IAM',
)}

(Terraform: \`terraform/organization\` does both; \`terraform/member\` makes the role of one account. By hand:
\`iam/member-policy.json\`${discoveryAccount === null ? '' : ' and `iam/member-trust.json`'}.)

${whatTheRoleCan(settings)}

Two things keep it to Muster: its trust names one role, and that role trusts only the instances you give its profile to. Give
them to nothing else.`;
}

function whatTheRoleCan(settings: InitSettings): string {
  const isNarrow = settings.tags.size > 0;
  const onWhom = isNarrow
    ? `on instances with ${[...settings.tags.keys()].map((key) => `the tag \`${key}\``).join(' and ')}`
    : 'on every instance';
  const can = hasOwnDocument(settings)
    ? `Who can use this role can run the installer document ${onWhom}, and no other command.`
    : `Who can use this role can run any command, as root, ${onWhom}: that is what
\`${settings.documentName}\` is for. A document of its own (\`muster init … --document ${DEFAULT_DOCUMENT}\`) lets the role do less.`;
  if (!isNarrow) return can;
  return `${can}
Other tags in \`muster.yaml\` than those of \`--tag\` need another role:
\`muster init … --tag … --only cloudformation/member-role.yaml --force\`, and deploy it again.`;
}

function documentStep(settings: InitSettings): string {
  const { homeRegion, documentName, regions } = settings;
  const regionList =
    regions.length === 0
      ? "REGIONS=$(aws account list-regions --region-opt-status-contains ENABLED ENABLED_BY_DEFAULT --query 'Regions[].RegionName' --output text)"
      : `REGIONS="${regions.join(' ')}"`;
  return `### The SSM document \`${documentName}\` in every account and region

${sh(
  regionList,
  "ROOT_ID=$(aws organizations list-roots --query 'Roots[0].Id' --output text)",
  `aws cloudformation create-stack-set --region ${homeRegion} --stack-set-name muster-ssm-document \\`,
  '  --template-body file://cloudformation/ssm-document.yaml \\',
  '  --permission-model SERVICE_MANAGED --managed-execution Active=true \\',
  '  --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false',
  '# shellcheck disable=SC2086  # a list of words',
  `aws cloudformation create-stack-instances --region ${homeRegion} --stack-set-name muster-ssm-document \\`,
  '  --deployment-targets OrganizationalUnitIds="$ROOT_ID" --regions $REGIONS \\',
  '  --operation-preferences FailureTolerancePercentage=100,MaxConcurrentPercentage=100,RegionConcurrencyType=PARALLEL',
  '# The management account:',
  'for region in $REGIONS; do',
  '  aws cloudformation deploy --region "$region" --stack-name muster-ssm-document \\',
  '    --template-file cloudformation/ssm-document.yaml',
  'done',
)}

(Terraform: \`terraform/organization\` brings it to the regions of \`document_regions\`. By hand, in one account:)

${sh(
  'for region in $REGIONS; do',
  `  aws ssm create-document --region "$region" --name ${documentName} --document-type Command \\`,
  `    --target-type /AWS::EC2::Instance --document-format YAML --content file://ssm/${documentName}.yaml`,
  'done',
)}

The document itself is \`ssm/${documentName}.yaml\`. It carries its own checks and its own time limit (300 s). \`muster doctor\` says in
which regions it is missing.`;
}

function installStep(): string {
  return `## 5. Muster

Either containers, in a checkout of Muster:

${sh(
  'MUSTER=/opt/muster   # the checkout',
  'cp muster.yaml "$MUSTER/muster.yaml"',
  'sudo install -m 0400 -o 1000 marker.key "$MUSTER/marker.key"   # containers run as user 1000',
  'cp compose/.env "$MUSTER/.env"',
  'cp "$MUSTER/deploy/docker-compose.override.example.yml" "$MUSTER/docker-compose.override.yml"',
)}

A container reads the instance profile through one more network hop:
\`aws ec2 modify-instance-metadata-options --instance-id i-… --http-put-response-hop-limit 2\`.
At hop limit 2 every container that has a way out reaches those credentials. In \`docker-compose.yml\` workers have one; the scheduler and Redis have
none. Containers of other projects on that host would have one too, so give Muster a host of its own, or leave the limit at 1 and use systemd.

Or systemd, with a Redis (6.2 or newer, \`maxmemory-policy noeviction\`, \`appendonly yes\`, a password) on the host or at
\`REDIS_URL\` in \`/etc/muster/environment\` (\`redis://USER:PASSWORD@HOST:6379\`; the password file is then not read). docs/deploy/systemd.md has the rest: keys, upgrades, limits.

${sh(
  'sudo useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin muster',
  'sudo useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin --gid muster muster-scheduler',
  'sudo /opt/muster/muster scheduler --help    # brings the packages and the pinned Node, and builds the console',
  'sudo install -d -m 0750 -o root -g muster /etc/muster',
  'sudo install -m 0640 -o root -g muster muster.yaml /etc/muster/muster.yaml',
  'sudo install -m 0640 -o root -g muster marker.key /etc/muster/marker.key',
  'openssl rand -hex 24 | sudo install -m 0640 -o root -g muster /dev/stdin /etc/muster/redis-password',
  'printf "requirepass %s\\nappendonly yes\\n" "$(sudo cat /etc/muster/redis-password)" | sudo tee -a /etc/redis/redis.conf > /dev/null',
  'sudo systemctl restart redis-server',
  'sudo install -m 0644 systemd/muster-scheduler.service systemd/muster-worker@.service /etc/systemd/system/',
)}

On Kubernetes, \`kubernetes/muster.yaml\` takes the place of \`muster.yaml\`: it also names Redis and who may come in. \`kubernetes/tbot.yaml\` is for tbot beside each worker.
docs/deploy/kubernetes.md has the rest.`;
}

function inventoryStep(settings: InitSettings): string {
  const { discoveryAccount, proxy } = settings;
  const bot =
    discoveryAccount === null
      ? [
          `tctl bots add ${INVENTORY_BOT} --roles=${INVENTORY_BOT}   # prints a join token: put it into tbot.yaml, with join_method: token`,
        ]
      : [`tctl bots add ${INVENTORY_BOT} --roles=${INVENTORY_BOT} --token=${INVENTORY_BOT}`];
  return `## 6. What Muster sees of the cluster

\`tctl\` tells which hosts have joined. \`tbot\` keeps it an identity that may see nodes and nothing else:

${sh('tctl create -f teleport/inventory.yaml', ...bot)}

On the hosts of workers (\`tbot\` and \`tctl\` of your cluster's version; in containers user id 1000 reads the identity):

${sh(
  'sudo install -m 0644 teleport/tbot.yaml /etc/tbot.yaml',
  'sudo install -d -m 0700 -o muster -g muster /opt/machine-id /var/lib/teleport/bot',
  'sudo tbot install systemd --config=/etc/tbot.yaml --user=muster --group=muster --write',
  'sudo systemctl enable --now tbot',
  `sudo -u muster tctl --identity=/opt/machine-id/identity --auth-server=${proxy} get nodes --format=json | head -c 300`,
)}`;
}

function startStep(): string {
  return `## 7. Start

${sh('muster config check muster.yaml')}

Containers:

${sh('cd "$MUSTER" && docker compose up -d --scale worker=2')}

systemd:

${sh('sudo systemctl daemon-reload', 'sudo systemctl enable --now muster-scheduler muster-worker@1 muster-worker@2')}

The first run reads everything and sends nothing. Look, then let it go:

${sh('muster doctor', 'muster plan', 'muster coverage', 'muster resume --all')}

To begin with one account, pause the others first: a pause of an account outlasts \`resume --all\`.`;
}

function undoing(settings: InitSettings): string {
  const { homeRegion } = settings;
  return `## To undo it

Stop Muster, then, with credentials of the management account:

${sh(
  `tctl rm token/${JOIN_TOKEN}`,
  "ROOT_ID=$(aws organizations list-roots --query 'Roots[0].Id' --output text)",
  `aws cloudformation delete-stack-instances --region ${homeRegion} --stack-set-name muster-member-role --no-retain-stacks \\`,
  `  --deployment-targets OrganizationalUnitIds="$ROOT_ID" --regions ${homeRegion} \\`,
  '  --operation-preferences FailureTolerancePercentage=100,MaxConcurrentPercentage=100',
  '# when that has ended:',
  `aws cloudformation delete-stack-set --region ${homeRegion} --stack-set-name muster-member-role`,
  `aws cloudformation delete-stack --region ${homeRegion} --stack-name muster-member-role`,
)}

With credentials of the account of the workers:

${sh(`aws cloudformation delete-stack --region ${homeRegion} --stack-name muster-discovery`)}
${
  hasOwnDocument(settings)
    ? '\nThe StackSet and the stacks `muster-ssm-document` go the same way, in every region that has them.\n'
    : ''
}
Agents that have joined stay: they are Teleport's.`;
}
