import type { AccountId, Region } from './ids.ts';

/**
 * Every action that Muster calls in AWS, by the role that needs it: exactly what the guide's roles hold. A required action
 * that is missing fails a check of the doctor; an optional one is used where it is granted, and its absence is a note.
 */

/** The discovery role, in the management or a delegated administrator account (with `sts:AssumeRole` on the member roles). */
export const ORGANIZATION_ACTIONS = [
  'organizations:ListAccountsForParent',
  'organizations:ListChildren',
  'organizations:ListRoots',
] as const;

/** Lists accounts 20 a page instead of unit by unit. */
export const OPTIONAL_ORGANIZATION_ACTION = 'organizations:ListAccounts';

/** Needed by the discovery role when a matcher has `account_tags` or `exclude_account_tags`, and by no other role. */
export const ACCOUNT_TAGS_ACTION = 'organizations:ListTagsForResource';

/** The role of every account. */
export const MEMBER_ACTIONS = [
  'account:ListRegions',
  'ec2:DescribeInstances',
  'ssm:DescribeInstanceInformation',
  'ssm:GetCommandInvocation',
  'ssm:ListCommandInvocations',
  'ssm:SendCommand',
] as const;
export type MemberAction = (typeof MEMBER_ACTIONS)[number];

/** What the absence of each costs. */
export const OPTIONAL_MEMBER_ACTIONS = {
  'ssm:CancelCommand': 'muster cancel cannot stop a command that is under way',
  'ssm:GetServiceSetting':
    'Muster cannot tell where Default Host Management Configuration is off, nor how many hosts it would win',
  'ec2:DescribeRegions': 'the regions cannot be listed where account:ListRegions is denied',
} as const;
export type OptionalMemberAction = keyof typeof OPTIONAL_MEMBER_ACTIONS;

/** All of them: those above, and STS's, which come with a role's trust or need no permission. */
export const AWS_ACTIONS = [
  ...ORGANIZATION_ACTIONS,
  OPTIONAL_ORGANIZATION_ACTION,
  ACCOUNT_TAGS_ACTION,
  ...MEMBER_ACTIONS,
  ...(Object.keys(OPTIONAL_MEMBER_ACTIONS) as OptionalMemberAction[]),
  'sts:AssumeRole',
  'sts:GetCallerIdentity',
] as const;
/** In IAM's spelling: `ssm:SendCommand`. A call of an action that is not listed here does not compile. */
export type AwsAction = (typeof AWS_ACTIONS)[number];

/** How the permission is given, in one sentence. */
export function grantOf(action: string, role: string): string {
  return `Allow ${action} on "*" in the policy of ${role}; when the policy has it, look for a permissions boundary or a service control policy.`;
}

/** One call to AWS, as the adapter saw it end. */
export interface AwsCall {
  readonly action: AwsAction;
  readonly outcome: 'ok' | 'throttled' | 'denied' | 'failed';
  readonly accountId: AccountId | null;
  readonly region: Region | null;
  readonly durationMs: number;
  /** No answer came: refused, reset, or silent until the call was given up. @default false */
  readonly unanswered?: boolean;
}

/** Told of every call; must not throw and must not block. */
export type AwsCallObserver = (call: AwsCall) => void;
