import { stringify } from 'yaml';
import {
  type AccountText,
  discoveryPolicy,
  discoveryTrust,
  memberPolicy,
  memberTrust,
  type Policy,
} from './iam-policies.ts';
import type { InitSettings } from './settings.ts';
import type { SsmDocument } from './ssm-document.ts';

/**
 * Templates use the long form of functions (`Fn::Sub:`) only, so that every YAML parser reads them. Names are written
 * out: a template is reviewed as it will be deployed.
 */
interface Template {
  readonly Description: string;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, unknown>>;
  readonly Outputs?: Readonly<Record<string, unknown>>;
}

const OWN_ACCOUNT: AccountText = (text) => ({ 'Fn::Sub': text(`\${AWS::AccountId}`) });
const DISCOVERY_ACCOUNT: AccountText = (text) => ({ 'Fn::Sub': text(`\${DiscoveryAccountId}`) });

/** The role in every account: by a StackSet, and by a plain stack in the management account. */
export function memberRoleTemplate(settings: InitSettings): string {
  const { memberRole, discoveryAccount, discoveryRole } = settings;
  return renderTemplate('One per account. IAM is global: deploy it in a single region.', {
    Description: 'Role by which Muster reads instances and sends them the installer command.',
    Parameters: {
      DiscoveryAccountId: {
        Type: 'String',
        Description: `Account of the role ${discoveryRole}, as which Muster's workers run.`,
        AllowedPattern: '[0-9]{12}',
        ...(discoveryAccount === null ? {} : { Default: discoveryAccount }),
      },
    },
    Resources: {
      MemberRole: {
        Type: 'AWS::IAM::Role',
        Properties: {
          RoleName: memberRole.name,
          Path: memberRole.path,
          Description: 'Enrolls EC2 instances into Teleport (Muster)',
          MaxSessionDuration: 3600,
          AssumeRolePolicyDocument: memberTrust(settings, DISCOVERY_ACCOUNT),
          Policies: inline(memberPolicy(settings, OWN_ACCOUNT)),
        },
      },
    },
  });
}

/** The role that workers run as, with the instance profile that carries it. */
export function discoveryRoleTemplate(settings: InitSettings): string {
  const { discoveryRole } = settings;
  return renderTemplate("One, in the account of Muster's workers.", {
    Description:
      "Role of Muster's workers: reads the organization and assumes the member role of its accounts.",
    Resources: {
      DiscoveryRole: {
        Type: 'AWS::IAM::Role',
        Properties: {
          RoleName: discoveryRole,
          Description: 'Workers of Muster',
          AssumeRolePolicyDocument: discoveryTrust(settings),
          Policies: inline(discoveryPolicy(settings)),
        },
      },
      InstanceProfile: {
        Type: 'AWS::IAM::InstanceProfile',
        Properties: { InstanceProfileName: discoveryRole, Roles: [{ Ref: 'DiscoveryRole' }] },
      },
    },
    Outputs: {
      InstanceProfileName: {
        Description: 'Attach it to the instances that workers run on.',
        Value: { Ref: 'InstanceProfile' },
      },
    },
  });
}

/** The custom document: by a StackSet in every account and region, and by plain stacks in the management account. */
export function documentTemplate(settings: InitSettings, document: SsmDocument): string {
  return renderTemplate('One per account and region.', {
    Description: "The SSM document that installs Teleport's agent.",
    Resources: {
      InstallerDocument: {
        Type: 'AWS::SSM::Document',
        Properties: {
          Name: settings.documentName,
          DocumentType: 'Command',
          TargetType: '/AWS::EC2::Instance',
          // A named document cannot be replaced; a change becomes its new default version.
          UpdateMethod: 'NewVersion',
          Content: document,
        },
      },
    },
  });
}

function inline(policy: Policy): unknown {
  return [{ PolicyName: 'muster', PolicyDocument: policy }];
}

/** The text of a template. @param where a comment before it: where it is deployed */
export function renderTemplate(where: string, template: Template): string {
  // By the rules of YAML 1.1, as AWS reads it: what looks like a date or a yes is quoted.
  const text = stringify(
    { AWSTemplateFormatVersion: '2010-09-09', ...template },
    { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false },
  );
  return `# ${where}\n${text}`;
}
