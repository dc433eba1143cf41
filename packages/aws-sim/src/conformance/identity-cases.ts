import { GetRegionOptStatusCommand, ListRegionsCommand } from '@aws-sdk/client-account';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
} from '@aws-sdk/client-sts';
import { type ConformanceCase, OK } from './case.ts';
import { ACCOUNTS } from './conformance-world.ts';

const roleArn = (accountId: string): string => `arn:aws:iam::${accountId}:role/path/to/member`;

function assume(over: Partial<AssumeRoleCommandInput>): ConformanceCase['call'] {
  const input = { RoleArn: roleArn(ACCOUNTS.member), RoleSessionName: 'case', ...over };
  return ({ sts }) => sts.send(new AssumeRoleCommand(input));
}

function denied(behavior: string, accountId: string): ConformanceCase {
  return {
    api: 'sts:AssumeRole',
    behavior,
    source: 'docs',
    call: assume({ RoleArn: roleArn(accountId) }),
    expect: ['AccessDenied', 403],
    message:
      /^User: arn:aws:iam::100000000001:user\/.* is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::\d{12}:role\/path\/to\/member$/u,
  };
}

function invalid(behavior: string, over: Partial<AssumeRoleCommandInput>, message: RegExp): ConformanceCase {
  return {
    api: 'sts:AssumeRole',
    behavior,
    source: 'model',
    call: assume(over),
    expect: ['ValidationError', 400],
    message,
  };
}

/** STS: who one is and how one gets into an account. */
export const STS_CASES: readonly ConformanceCase[] = [
  {
    api: 'sts:GetCallerIdentity',
    behavior: 'valid, long-term keys',
    source: 'model',
    call: ({ sts }) => sts.send(new GetCallerIdentityCommand({})),
    expect: OK,
    output: { Account: ACCOUNTS.management, Arn: 'arn:aws:iam::100000000001:user/muster-discovery' },
  },
  {
    api: 'sts:GetCallerIdentity',
    behavior: 'valid, role session: the path is dropped',
    source: 'docs',
    as: 'member',
    call: ({ sts }) => sts.send(new GetCallerIdentityCommand({})),
    expect: OK,
    output: { Account: ACCOUNTS.member, Arn: memberSessionArn() },
  },
  {
    api: 'sts:GetCallerIdentity',
    behavior: 'wrong secret',
    source: 'docs',
    as: 'wrong-secret',
    call: ({ sts }) => sts.send(new GetCallerIdentityCommand({})),
    expect: ['SignatureDoesNotMatch', 403],
    message: /^The request signature we calculated does not match/u,
  },
  {
    api: 'sts:GetCallerIdentity',
    behavior: 'unknown key',
    source: 'docs',
    as: 'unknown-key',
    call: ({ sts }) => sts.send(new GetCallerIdentityCommand({})),
    expect: ['InvalidClientTokenId', 403],
    message: /^The security token included in the request is invalid\.$/u,
  },
  {
    api: 'sts:AssumeRole',
    behavior: 'valid',
    source: 'model',
    call: assume({ DurationSeconds: 900 }),
    expect: OK,
    output: {
      AssumedRoleUser: { Arn: 'arn:aws:sts::100000000002:assumed-role/member/case' },
    },
  },
  {
    api: 'sts:AssumeRole',
    behavior: 'account about to close still works',
    source: 'docs',
    call: assume({ RoleArn: roleArn(ACCOUNTS.closing) }),
    expect: OK,
  },
  denied('role that does not trust the caller', ACCOUNTS.denied),
  denied('role that is not there', ACCOUNTS.missing),
  denied('wrong external id', ACCOUNTS.wrongId),
  denied('suspended account', ACCOUNTS.suspended),
  denied('account outside of the organization', '999999999999'),
  {
    api: 'sts:AssumeRole',
    behavior: 'member role may not go on from there',
    source: 'docs',
    as: 'member',
    call: assume({}),
    expect: ['AccessDenied', 403],
  },
  {
    api: 'sts:AssumeRole',
    behavior: 'opt-in region that is off for the account',
    source: 'docs',
    region: 'ap-east-1',
    call: assume({ RoleArn: roleArn(ACCOUNTS.optedOut) }),
    expect: ['RegionDisabledException', 403],
    message: /^STS is not activated in this region for account:100000000008/u,
  },
  invalid('RoleArn too short', { RoleArn: 'arn' }, /at 'roleArn' .*greater than or equal to 20/u),
  invalid('RoleArn not a role', { RoleArn: 'arn:aws:iam::100000000002:user/x' }, /is invalid/u),
  invalid(
    'RoleSessionName too short',
    { RoleSessionName: 'x' },
    /at 'roleSessionName' .*greater than or equal to 2/u,
  ),
  invalid(
    'RoleSessionName with a space',
    { RoleSessionName: 'a b' },
    /at 'roleSessionName' .*regular expression/u,
  ),
  invalid(
    'RoleSessionName missing',
    { RoleSessionName: undefined },
    /at 'roleSessionName' .*must not be null/u,
  ),
  invalid(
    'DurationSeconds below 900',
    { DurationSeconds: 899 },
    /at 'durationSeconds' .*greater than or equal to 900/u,
  ),
  invalid(
    'DurationSeconds above 12 hours',
    { DurationSeconds: 43_201 },
    /at 'durationSeconds' .*less than or equal to 43200/u,
  ),
  invalid(
    'DurationSeconds above the role maximum',
    { DurationSeconds: 7200 },
    /exceeds the MaxSessionDuration/u,
  ),
  invalid('ExternalId too short', { ExternalId: 'x' }, /at 'externalId'/u),
  {
    api: 'sts:AssumeRole',
    behavior: 'session policy that is not JSON',
    source: 'model',
    call: assume({ Policy: 'allow everything' }),
    expect: ['MalformedPolicyDocumentException', 400],
    message: /Json/u,
  },
  {
    api: 'sts:AssumeRole',
    behavior: 'valid: with session policy and tags',
    source: 'model',
    call: assume({ Policy: '{"Version":"2012-10-17","Statement":[]}', Tags: [{ Key: 'a', Value: '' }] }),
    expect: OK,
    output: { PackedPolicySize: 6 },
  },
  invalid(
    '51 tags',
    { Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: 'v' })) },
    /at 'tags' .*length less than or equal to 50$/u,
  ),
  invalid(
    'tag with a key too long',
    { Tags: [{ Key: 'k'.repeat(129), Value: 'v' }] },
    /at 'tags\.1\.member\.key' .*less than or equal to 128/u,
  ),
  invalid(
    '11 session policies',
    { PolicyArns: Array.from({ length: 11 }, () => ({ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' })) },
    /at 'policyArns' .*less than or equal to 10$/u,
  ),
  invalid('TokenCode too short', { TokenCode: '12' }, /at 'tokenCode' .*greater than or equal to 6/u),
  invalid(
    'two faults in one message',
    { RoleArn: 'arn', RoleSessionName: 'x' },
    /^2 validation errors detected: /u,
  ),
];

function memberSessionArn(): string {
  return 'arn:aws:sts::100000000002:assumed-role/teleport-organization-discovery-child-account-role/test';
}

/** Account: which regions an account has. */
export const ACCOUNT_CASES: readonly ConformanceCase[] = [
  {
    api: 'account:ListRegions',
    behavior: 'valid',
    source: 'model',
    call: ({ account }) =>
      account.send(new ListRegionsCommand({ RegionOptStatusContains: ['ENABLED', 'ENABLED_BY_DEFAULT'] })),
    expect: OK,
    output: {
      Regions: [
        { RegionName: 'ap-east-1', RegionOptStatus: 'ENABLED' },
        { RegionName: 'eu-west-1', RegionOptStatus: 'ENABLED_BY_DEFAULT' },
        { RegionName: 'us-east-1', RegionOptStatus: 'ENABLED_BY_DEFAULT' },
      ],
    },
  },
  {
    api: 'account:ListRegions',
    behavior: 'MaxResults above 50',
    source: 'model',
    call: ({ account }) => account.send(new ListRegionsCommand({ MaxResults: 51 })),
    expect: ['ValidationException', 400],
    message: /less than or equal to 50/u,
  },
  {
    api: 'account:ListRegions',
    behavior: 'unknown status',
    source: 'model',
    call: ({ account }) =>
      account.send(new ListRegionsCommand({ RegionOptStatusContains: ['ON' as 'ENABLED'] })),
    expect: ['ValidationException', 400],
  },
  {
    api: 'account:ListRegions',
    behavior: 'bad token',
    source: 'model',
    call: ({ account }) => account.send(new ListRegionsCommand({ NextToken: 'x' })),
    expect: ['ValidationException', 400],
  },
  {
    api: 'account:ListRegions',
    behavior: 'member asks for another account',
    source: 'docs',
    call: ({ account }) => account.send(new ListRegionsCommand({ AccountId: ACCOUNTS.scp })),
    expect: ['AccessDeniedException', 403],
  },
  {
    api: 'account:ListRegions',
    behavior: 'management account asks for a member',
    source: 'docs',
    as: 'management',
    call: ({ account }) =>
      account.send(
        new ListRegionsCommand({ AccountId: ACCOUNTS.optedOut, RegionOptStatusContains: ['ENABLED'] }),
      ),
    expect: OK,
    output: { Regions: [] },
  },
  {
    api: 'account:ListRegions',
    behavior: 'management account must not name itself',
    source: 'docs',
    as: 'management',
    call: ({ account }) => account.send(new ListRegionsCommand({ AccountId: ACCOUNTS.management })),
    expect: ['ValidationException', 400],
  },
  {
    api: 'account:ListRegions',
    behavior: 'permission missing',
    source: 'docs',
    as: 'gaps',
    call: ({ account }) => account.send(new ListRegionsCommand({})),
    expect: ['AccessDeniedException', 403],
    message: /not authorized to perform: account:ListRegions/u,
  },
  {
    api: 'account:GetRegionOptStatus',
    behavior: 'valid',
    source: 'model',
    call: ({ account }) => account.send(new GetRegionOptStatusCommand({ RegionName: 'me-south-1' })),
    expect: OK,
    output: { RegionName: 'me-south-1', RegionOptStatus: 'DISABLED' },
  },
  {
    api: 'account:GetRegionOptStatus',
    behavior: 'RegionName missing',
    source: 'model',
    call: ({ account }) => account.send(new GetRegionOptStatusCommand({ RegionName: undefined })),
    expect: ['ValidationException', 400],
  },
  {
    api: 'account:GetRegionOptStatus',
    behavior: 'AccountId of the wrong form',
    source: 'model',
    call: ({ account }) =>
      account.send(new GetRegionOptStatusCommand({ AccountId: '1', RegionName: 'us-east-1' })),
    expect: ['ValidationException', 400],
  },
  {
    api: 'account:GetRegionOptStatus',
    behavior: 'no such region',
    source: 'assumed',
    call: ({ account }) => account.send(new GetRegionOptStatusCommand({ RegionName: 'mars-north-1' })),
    expect: ['ValidationException', 400],
  },
];
