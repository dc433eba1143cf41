import { HOST_MANAGEMENT_SETTING } from '@muster/core/organization/host-management';
import { renderTemplate } from '../cloudformation.ts';
import type { Partition } from '../settings.ts';
import { type LackingTarget, regionsByAccount } from './targets.ts';

/** The role that AWS's console registers, under the name that it has there. */
export const ROLE_NAME = 'AWSSystemsManagerDefaultEC2InstanceManagementRole';
/** What agents may do with it: https://docs.aws.amazon.com/systems-manager/latest/userguide/security-iam-awsmanpol.html */
export const ROLE_POLICY = 'AmazonSSMManagedEC2InstanceDefaultPolicy';

/** As a request takes it; a larger one must come from S3. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
export const LARGEST_TEMPLATE_BYTES = 51_200;

/** What is never taken back: deleting a stack, or leaving a StackSet, would cut agents off that rely on it. */
const KEPT = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' } as const;

/** The role of one account. IAM is global: one region. */
export function roleTemplate(partition: Partition): string {
  return renderTemplate(
    'One per account, in a single region. It fails where the account has the role already.',
    {
      Description: 'Role by which Systems Manager manages EC2 instances without an instance profile.',
      Resources: {
        Role: {
          Type: 'AWS::IAM::Role',
          ...KEPT,
          Properties: {
            RoleName: ROLE_NAME,
            Path: '/service-role/',
            Description: 'Default Host Management Configuration of Systems Manager',
            AssumeRolePolicyDocument: {
              Version: '2012-10-17',
              Statement: [
                {
                  Sid: 'SystemsManager',
                  Effect: 'Allow',
                  Principal: { Service: 'ssm.amazonaws.com' },
                  Action: ['sts:AssumeRole'],
                },
              ],
            },
            ManagedPolicyArns: [`arn:${partition}:iam::aws:policy/${ROLE_POLICY}`],
          },
        },
      },
    },
  );
}

/** The switch of one account and region. */
export function settingTemplate(): string {
  return renderTemplate('One per account and region, once the account has the role.', {
    Description: 'Switches Default Host Management Configuration on.',
    Resources: {
      HostManagement: {
        Type: 'AWS::SSM::ServiceSetting',
        ...KEPT,
        Properties: { SettingId: HOST_MANAGEMENT_SETTING, SettingValue: `service-role/${ROLE_NAME}` },
      },
    },
  });
}

/** One stack of the management account: a StackSet for the role, and after it one for the switch, in exactly these targets. */
export function stackSetTemplate(
  targets: readonly LackingTarget[],
  { partition, homeRegion }: { readonly partition: Partition; readonly homeRegion: string },
): string {
  const accounts = regionsByAccount(targets);
  const byRegions = Map.groupBy(accounts.values(), (those) => those.map(({ region }) => region).join(' '));
  return renderTemplate('Once, in the management account.', {
    Description: 'Default Host Management Configuration in the accounts and regions that lacked it.',
    Resources: {
      RoleStackSet: stackSet(
        { name: 'muster-dhmc-role', body: roleTemplate(partition), capabilities: ['CAPABILITY_NAMED_IAM'] },
        [groupOf([...accounts.values()], [homeRegion])],
      ),
      SettingStackSet: {
        DependsOn: 'RoleStackSet',
        ...stackSet(
          { name: 'muster-dhmc', body: settingTemplate(), capabilities: [] },
          [...byRegions].map(([regions, those]) => groupOf(those, regions.split(' '))),
        ),
      },
    },
  });
}

/** Accounts only count together with units that they are in. */
function groupOf(accounts: readonly (readonly LackingTarget[])[], regions: readonly string[]): unknown {
  const firsts = accounts.flatMap((those) => those.slice(0, 1));
  return {
    DeploymentTargets: {
      OrganizationalUnitIds: [...new Set(firsts.flatMap(({ unit }) => unit ?? []))].toSorted(),
      Accounts: firsts.map(({ accountId }) => accountId),
      AccountFilterType: 'INTERSECTION',
    },
    Regions: regions,
  };
}

function stackSet(
  set: { readonly name: string; readonly body: string; readonly capabilities: readonly string[] },
  groups: readonly unknown[],
): Readonly<Record<string, unknown>> {
  return {
    Type: 'AWS::CloudFormation::StackSet',
    Properties: {
      StackSetName: set.name,
      PermissionModel: 'SERVICE_MANAGED',
      // New accounts are the organization's to decide about.
      AutoDeployment: { Enabled: false },
      ManagedExecution: { Active: true },
      ...(set.capabilities.length === 0 ? {} : { Capabilities: set.capabilities }),
      // One account that refuses stops no other.
      OperationPreferences: {
        FailureTolerancePercentage: 100,
        MaxConcurrentPercentage: 100,
        RegionConcurrencyType: 'PARALLEL',
      },
      TemplateBody: set.body,
      StackInstancesGroup: groups,
    },
  };
}
