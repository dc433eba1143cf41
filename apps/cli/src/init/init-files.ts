import { discoveryRoleTemplate, documentTemplate, memberRoleTemplate } from './cloudformation.ts';
import {
  ANY_ACCOUNT,
  authPolicy,
  discoveryPolicy,
  discoveryTrust,
  memberPolicy,
  memberTrust,
  organizationPolicy,
  type Policy,
} from './iam-policies.ts';
import { musterYaml } from './muster-yaml.ts';
import { readme } from './readme.ts';
import { composeEnvironment, schedulerUnit, workerUnit } from './services.ts';
import { hasOwnDocument, type InitFile, type InitSettings, MARKER_KEY_FILE } from './settings.ts';
import { ssmDocument, ssmDocumentYaml } from './ssm-document.ts';
import { inventoryResources, joinToken, tbotConfig } from './teleport-resources.ts';
import { discoveryTerraform, memberTerraform } from './terraform.ts';
import { organizationTerraform } from './terraform-organization.ts';

/** Everything that init writes. The same settings give the same bytes. */
export function initFiles(settings: InitSettings): readonly InitFile[] {
  return [
    file('README.md', readme(settings)),
    file('muster.yaml', musterYaml(settings, 'host')),
    { path: MARKER_KEY_FILE, content: `${settings.markerKey}\n`, isSecret: true },
    file('teleport/token.yaml', joinToken(settings)),
    file('teleport/inventory.yaml', inventoryResources(settings)),
    file('teleport/tbot.yaml', tbotConfig(settings, 'host')),
    ...policyFiles(settings),
    file('cloudformation/discovery-role.yaml', discoveryRoleTemplate(settings)),
    file('cloudformation/member-role.yaml', memberRoleTemplate(settings)),
    file('terraform/discovery/main.tf', discoveryTerraform(settings)),
    file('terraform/member/main.tf', memberTerraform(settings)),
    file('terraform/organization/main.tf', organizationTerraform(settings)),
    ...documentFiles(settings),
    file('systemd/muster-scheduler.service', schedulerUnit()),
    file('systemd/muster-worker@.service', workerUnit(settings)),
    file('compose/.env', composeEnvironment(settings)),
    file('kubernetes/muster.yaml', musterYaml(settings, 'kubernetes')),
    file('kubernetes/tbot.yaml', tbotConfig(settings, 'kubernetes')),
  ];
}

/** Plain JSON, for those who make roles by hand. What names the workers' account is written only when it is known. */
function policyFiles(settings: InitSettings): readonly InitFile[] {
  const { discoveryAccount: account, tokenAccounts } = settings;
  return [
    ...(tokenAccounts === null ? [json('iam/auth-policy.json', authPolicy())] : []),
    json('iam/discovery-trust.json', discoveryTrust(settings)),
    json('iam/discovery-policy.json', discoveryPolicy(settings)),
    json('iam/member-policy.json', memberPolicy(settings, ANY_ACCOUNT)),
    ...(account === null
      ? []
      : [
          json(
            'iam/member-trust.json',
            memberTrust(settings, (text) => text(account)),
          ),
          json('iam/organization-policy.json', organizationPolicy(settings, account)),
        ]),
  ];
}

function documentFiles(settings: InitSettings): readonly InitFile[] {
  if (!hasOwnDocument(settings)) return [];
  const document = ssmDocument(settings);
  return [
    file(`ssm/${settings.documentName}.yaml`, ssmDocumentYaml(document)),
    file('cloudformation/ssm-document.yaml', documentTemplate(settings, document)),
  ];
}

function file(path: string, content: string): InitFile {
  return { path, content };
}

function json(path: string, policy: Policy): InitFile {
  return { path, content: `${JSON.stringify(policy, null, 2)}\n` };
}
