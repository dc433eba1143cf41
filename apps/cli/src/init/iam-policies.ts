import {
  ACCOUNT_TAGS_ACTION,
  MEMBER_ACTIONS,
  ORGANIZATION_ACTIONS,
} from '@muster/core/organization/aws-actions';
import { HOST_MANAGEMENT_SETTING } from '@muster/core/organization/host-management';
import { hasOwnDocument, type InitSettings } from './settings.ts';

/** One statement of an IAM policy. A resource is text, or an expression of the language it will stand in. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal?: Readonly<Record<string, unknown>>;
  readonly Action: readonly string[];
  readonly Resource?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** An IAM policy document. */
export interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** Writes a text that holds an account in the language at hand: as an expression, where the account is one. */
export type AccountText = (text: (account: string) => string) => unknown;

/** What a worker reads in a member account. None of these can be limited to a resource. */
export const READ_ACTIONS = MEMBER_ACTIONS.filter((action) => action !== 'ssm:SendCommand');

/** What a worker reads of the organization: the accounts' own tags only where the configuration asks for them. */
export function organizationActions({ readsAccountTags }: InitSettings): readonly string[] {
  return readsAccountTags ? [...ORGANIZATION_ACTIONS, ACCOUNT_TAGS_ACTION] : ORGANIZATION_ACTIONS;
}

/** For plain JSON: any account, because the policy belongs to one account's role and reaches no other. */
export const ANY_ACCOUNT: AccountText = (text) => text('*');

/** Of the optional actions the only one that IAM can limit to a resource. */
export const READ_SETTING = 'ssm:GetServiceSetting';

/** An id that EC2 never gives. `muster doctor` asks with it, and nothing can run on it (`apps/worker/src/reports/probe-member.ts`). */
export const NO_INSTANCE = 'i-00000000000000000';

/**
 * What the member role may do. SendCommand is allowed on the document and on the instances, in two statements: AWS asks
 * for both, and one statement would let a condition on the one fall on the other. Where only instances with tags are
 * enrolled, the role may send to no others.
 */
export function memberPolicy(settings: InitSettings, account: AccountText): Policy {
  const { partition, documentName } = settings;
  const document = hasOwnDocument(settings)
    ? account((id) => `arn:${partition}:ssm:*:${id}:document/${documentName}`)
    : // Amazon's documents have no account in their ARN.
      `arn:${partition}:ssm:*::document/${documentName}`;
  return policy(
    { Sid: 'Read', Effect: 'Allow', Action: READ_ACTIONS, Resource: '*' },
    { Sid: 'SendThisDocument', Effect: 'Allow', Action: ['ssm:SendCommand'], Resource: document },
    {
      Sid: 'SendToInstances',
      Effect: 'Allow',
      Action: ['ssm:SendCommand'],
      Resource: account((id) => `arn:${partition}:ec2:*:${id}:instance/*`),
      ...(settings.tags.size === 0 ? {} : { Condition: { StringLike: tagConditions(settings) } }),
    },
    // It has no tags to ask for: without this, a role that is narrowed by tags looks to the doctor like one that may not send.
    ...(settings.tags.size === 0
      ? []
      : [
          {
            Sid: 'AskWithNoInstance',
            Effect: 'Allow' as const,
            Action: ['ssm:SendCommand'],
            Resource: account((id) => `arn:${partition}:ec2:*:${id}:instance/${NO_INSTANCE}`),
          },
        ]),
    ...optionalStatements(settings, account),
  );
}

/** The one setting that is read: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html */
export function settingArn(partition: string, account: string): string {
  return `arn:${partition}:ssm:*:${account}:servicesetting${HOST_MANAGEMENT_SETTING}`;
}

function optionalStatements({ partition, optionalActions }: InitSettings, account: AccountText): Statement[] {
  const anywhere = optionalActions.filter((action) => action !== READ_SETTING);
  return [
    ...(anywhere.length === 0
      ? []
      : [{ Sid: 'Optional', Effect: 'Allow' as const, Action: anywhere, Resource: '*' }]),
    ...(optionalActions.includes(READ_SETTING)
      ? [
          {
            Sid: 'ReadHostManagement',
            Effect: 'Allow' as const,
            Action: [READ_SETTING],
            Resource: account((id) => settingArn(partition, id)),
          },
        ]
      : []),
  ];
}

/** The tags of `--tag` as condition keys: all of them, with one of the values of each. `*` and `?` are IAM's wildcards as well. */
export function tagConditions({ tags }: InitSettings): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries([...tags].map(([key, values]) => [`ssm:resourceTag/${key}`, values]));
}

/**
 * Who may assume the member role: the discovery role alone. The principal is its account and a condition
 * names the role, because AWS stores a role that stands as principal under its unique id: a discovery role that is made
 * anew would be locked out of every account.
 */
export function memberTrust(settings: InitSettings, discoveryAccount: AccountText): Policy {
  const { partition, discoveryRole, organizationId, externalId } = settings;
  return policy({
    Sid: 'DiscoveryRoleOnly',
    Effect: 'Allow',
    Principal: { AWS: discoveryAccount((id) => `arn:${partition}:iam::${id}:root`) },
    Action: ['sts:AssumeRole'],
    Condition: {
      ArnEquals: {
        'aws:PrincipalArn': discoveryAccount((id) => `arn:${partition}:iam::${id}:role/${discoveryRole}`),
      },
      StringEquals: { 'aws:PrincipalOrgID': organizationId, 'sts:ExternalId': externalId },
    },
  });
}

/** What the discovery role may do: see the organization, and become the member role of its accounts. */
export function discoveryPolicy(settings: InitSettings): Policy {
  const { partition, memberRole, organizationId } = settings;
  return policy(
    { Sid: 'SeeTheOrganization', Effect: 'Allow', Action: organizationActions(settings), Resource: '*' },
    {
      Sid: 'BecomeTheMemberRole',
      Effect: 'Allow',
      Action: ['sts:AssumeRole'],
      Resource: `arn:${partition}:iam::*:role${memberRole.path}${memberRole.name}`,
      Condition: { StringEquals: { 'aws:ResourceOrgID': organizationId } },
    },
  );
}

/** Who may become the discovery role: the EC2 instances that workers run on. */
export function discoveryTrust(settings: InitSettings): Policy {
  return policy({
    Sid: 'InstancesOfWorkers',
    Effect: 'Allow',
    Principal: { Service: settings.partition === 'aws-cn' ? 'ec2.amazonaws.com.cn' : 'ec2.amazonaws.com' },
    Action: ['sts:AssumeRole'],
  });
}

/** What Teleport's Auth Service needs to see that a host belongs to the organization. */
export function authPolicy(): Policy {
  return policy({
    Sid: 'SeeWhoseAccountItIs',
    Effect: 'Allow',
    Action: ['organizations:DescribeAccount'],
    Resource: '*',
  });
}

/**
 * Lets one member account read the organization, so that workers need not run in the management account. An organization
 * has one such policy: these statements may have to be added to it.
 * https://docs.aws.amazon.com/organizations/latest/userguide/orgs-policy-delegate.html
 */
export function organizationPolicy(settings: InitSettings, discoveryAccount: string): Policy {
  const { partition } = settings;
  return policy({
    Sid: 'MusterReadsTheOrganization',
    Effect: 'Allow',
    Principal: { AWS: `arn:${partition}:iam::${discoveryAccount}:root` },
    Action: organizationActions(settings),
    Resource: '*',
  });
}

function policy(...statements: readonly Statement[]): Policy {
  return { Version: '2012-10-17', Statement: statements };
}
