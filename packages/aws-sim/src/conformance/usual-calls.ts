import { GetRegionOptStatusCommand, ListRegionsCommand } from '@aws-sdk/client-account';
import { DescribeInstancesCommand, DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import {
  DescribeAccountCommand,
  DescribeOrganizationalUnitCommand,
  DescribeOrganizationCommand,
  ListAccountsCommand,
  ListAccountsForParentCommand,
  ListChildrenCommand,
  ListDelegatedAdministratorsCommand,
  ListOrganizationalUnitsForParentCommand,
  ListParentsCommand,
  ListRootsCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-organizations';
import {
  CancelCommandCommand,
  CreateDocumentCommand,
  DescribeDocumentCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  GetDocumentCommand,
  GetServiceSettingCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  ResetServiceSettingCommand,
  SendCommandCommand,
  UpdateServiceSettingCommand,
} from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { ConformanceCase } from './case.ts';

/** One sound call of every operation, for callers that must be refused or throttled. */
export const USUAL_CALLS: Readonly<Record<string, ConformanceCase['call']>> = {
  'sts:GetCallerIdentity': ({ sts }) => sts.send(new GetCallerIdentityCommand({})),
  'sts:AssumeRole': ({ sts }, ids) => {
    const RoleArn = `arn:aws:iam::${ids.member}:role/any`;
    return sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'usual' }));
  },
  'organizations:DescribeOrganization': ({ organizations }) =>
    organizations.send(new DescribeOrganizationCommand({})),
  'organizations:ListAccounts': ({ organizations }) => organizations.send(new ListAccountsCommand({})),
  'organizations:ListRoots': ({ organizations }) => organizations.send(new ListRootsCommand({})),
  'organizations:ListAccountsForParent': ({ organizations }, ids) =>
    organizations.send(new ListAccountsForParentCommand({ ParentId: ids.rootId })),
  'organizations:ListOrganizationalUnitsForParent': ({ organizations }, ids) =>
    organizations.send(new ListOrganizationalUnitsForParentCommand({ ParentId: ids.rootId })),
  'organizations:ListChildren': ({ organizations }, ids) =>
    organizations.send(new ListChildrenCommand({ ParentId: ids.rootId, ChildType: 'ACCOUNT' })),
  'organizations:ListParents': ({ organizations }, ids) =>
    organizations.send(new ListParentsCommand({ ChildId: ids.member })),
  'organizations:DescribeAccount': ({ organizations }, ids) =>
    organizations.send(new DescribeAccountCommand({ AccountId: ids.member })),
  'organizations:DescribeOrganizationalUnit': ({ organizations }, ids) =>
    organizations.send(new DescribeOrganizationalUnitCommand({ OrganizationalUnitId: ids.unitId })),
  'organizations:ListDelegatedAdministrators': ({ organizations }) =>
    organizations.send(new ListDelegatedAdministratorsCommand({})),
  'organizations:ListTagsForResource': ({ organizations }, ids) =>
    organizations.send(new ListTagsForResourceCommand({ ResourceId: ids.member })),
  'account:ListRegions': ({ account }) => account.send(new ListRegionsCommand({})),
  'account:GetRegionOptStatus': ({ account }) =>
    account.send(new GetRegionOptStatusCommand({ RegionName: 'us-east-1' })),
  'ec2:DescribeInstances': ({ ec2 }) => ec2.send(new DescribeInstancesCommand({ MaxResults: 5 })),
  'ec2:DescribeRegions': ({ ec2 }) => ec2.send(new DescribeRegionsCommand({})),
  'ssm:DescribeInstanceInformation': ({ ssm }) => ssm.send(new DescribeInstanceInformationCommand({})),
  'ssm:SendCommand': ({ ssm }, ids) =>
    ssm.send(
      new SendCommandCommand({
        DocumentName: 'AWS-RunShellScript',
        InstanceIds: [ids.second],
        Parameters: { commands: ['true'] },
      }),
    ),
  'ssm:ListCommandInvocations': ({ ssm }) => ssm.send(new ListCommandInvocationsCommand({})),
  'ssm:ListCommands': ({ ssm }) => ssm.send(new ListCommandsCommand({})),
  'ssm:GetCommandInvocation': ({ ssm }, ids) =>
    ssm.send(new GetCommandInvocationCommand({ CommandId: ids.commandId, InstanceId: ids.linux })),
  'ssm:CancelCommand': ({ ssm }, ids) => ssm.send(new CancelCommandCommand({ CommandId: ids.commandId })),
  'ssm:CreateDocument': ({ ssm }) =>
    ssm.send(new CreateDocumentCommand({ Name: 'Usual', Content: EMPTY_DOCUMENT, DocumentType: 'Command' })),
  'ssm:DescribeDocument': ({ ssm }) => ssm.send(new DescribeDocumentCommand({ Name: 'AWS-RunShellScript' })),
  'ssm:GetDocument': ({ ssm }) => ssm.send(new GetDocumentCommand({ Name: 'AWS-RunShellScript' })),
  'ssm:GetServiceSetting': ({ ssm }) =>
    ssm.send(new GetServiceSettingCommand({ SettingId: '/ssm/parameter-store/default-parameter-tier' })),
  'ssm:ResetServiceSetting': ({ ssm }) =>
    ssm.send(new ResetServiceSettingCommand({ SettingId: HOST_MANAGEMENT })),
  'ssm:UpdateServiceSetting': ({ ssm }) =>
    ssm.send(
      new UpdateServiceSettingCommand({ SettingId: HOST_MANAGEMENT, SettingValue: 'service-role/Managed' }),
    ),
};

const HOST_MANAGEMENT = '/ssm/managed-instance/default-ec2-instance-management-role';
const EMPTY_DOCUMENT = JSON.stringify({
  schemaVersion: '2.2',
  mainSteps: [{ name: 'nothing', action: 'aws:runShellScript', inputs: { runCommand: ['true'] } }],
});
