import {
  DescribeInstancesCommand,
  type DescribeInstancesCommandInput,
  DescribeRegionsCommand,
  type DescribeRegionsCommandInput,
} from '@aws-sdk/client-ec2';
import { type CaseCaller, type ConformanceCase, type ConformanceIds, OK } from './case.ts';

type Input = DescribeInstancesCommandInput | ((ids: ConformanceIds) => DescribeInstancesCommandInput);

function instances(input: Input): ConformanceCase['call'] {
  return ({ ec2 }, ids) =>
    ec2.send(new DescribeInstancesCommand(typeof input === 'function' ? input(ids) : input));
}

function regions(input: DescribeRegionsCommandInput): ConformanceCase['call'] {
  return ({ ec2 }) => ec2.send(new DescribeRegionsCommand(input));
}

function filtered(behavior: string, name: string, values: string[], ids: readonly string[]): ConformanceCase {
  return {
    api: 'ec2:DescribeInstances',
    behavior: `filter ${behavior}`,
    source: 'docs',
    call: instances({ Filters: [{ Name: name, Values: values }] }),
    expect: OK,
    output: {
      Reservations: ids.length === 0 ? [] : reservationsOf(ids),
    },
  };
}

/** Reservations hold three neighbors each in the simulator; only the ids are compared. */
function reservationsOf(ids: readonly string[]): object {
  const groups = new Map<number, object[]>();
  for (const id of ids) {
    const group = Math.floor((Number(id.slice(-1)) - 1) / 3);
    groups.set(group, [...(groups.get(group) ?? []), { InstanceId: id }]);
  }
  return [...groups.values()].map((Instances) => ({ Instances }));
}

const instance = (digit: number): string => `i-0000000000000000${digit}`;

function refused(
  behavior: string,
  source: ConformanceCase['source'],
  input: Input,
  code: string,
  message: RegExp,
): ConformanceCase {
  return {
    api: 'ec2:DescribeInstances',
    behavior,
    source,
    call: instances(input),
    expect: [code, 400],
    message,
  };
}

function access(
  behavior: string,
  as: CaseCaller,
  region: string,
  error: readonly [string, number],
  message: RegExp,
): ConformanceCase {
  return {
    api: 'ec2:DescribeInstances',
    behavior,
    source: 'docs',
    as,
    region,
    call: instances({}),
    expect: error,
    message,
  };
}

const NOT_VALID = /^AWS was not able to validate the provided access credentials$/u;

/** EC2: instances and regions. */
export const EC2_CASES: readonly ConformanceCase[] = [
  {
    api: 'ec2:DescribeInstances',
    behavior: 'valid: fields, tags escaped, platform only for Windows',
    source: 'model',
    call: instances((ids) => ({ InstanceIds: [ids.linux, ids.windows] })),
    expect: OK,
    output: {
      Reservations: [
        {
          OwnerId: '100000000002',
          Instances: [
            {
              InstanceId: instance(1),
              State: { Code: 16, Name: 'running' },
              PlatformDetails: 'Linux/UNIX',
              Tags: [
                { Key: 'Name', Value: 'web <1> & "co"' },
                { Key: 'env', Value: 'prod' },
              ],
              IamInstanceProfile: { Arn: 'arn:aws:iam::100000000002:instance-profile/managed-instance' },
              MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
            },
            { InstanceId: instance(3), Platform: 'windows' },
          ],
        },
      ],
    },
  },
  {
    api: 'ec2:DescribeInstances',
    behavior: 'no instances: an empty list, not an absent one',
    source: 'observed',
    call: instances({ Filters: [{ Name: 'tag:env', Values: ['nothing'] }] }),
    expect: OK,
    output: { Reservations: [] },
  },
  filtered('by state', 'instance-state-name', ['stopped'], [instance(5)]),
  filtered('by two values', 'instance-id', [instance(1), instance(6)], [instance(1), instance(6)]),
  filtered('by tag', 'tag:env', ['dev'], [instance(5)]),
  filtered('is case-sensitive', 'tag:env', ['Dev'], []),
  filtered('with a star', 'tag:Name', ['web*'], [instance(1)]),
  filtered('with a question mark', 'tag:env', ['de?'], [instance(5)]),
  filtered('with an escaped star', 'tag:Name', [String.raw`web\*`], []),
  filtered('by tag key', 'tag-key', ['Name'], [instance(1)]),
  filtered('by platform', 'platform', ['windows'], [instance(3)]),
  filtered(
    'by the address of an interface',
    'network-interface.mac-address',
    ['02:*', '12:*', '22:*', 'nothing'],
    [],
  ),
  filtered('by owner', 'owner-id', ['999999999999'], []),
  {
    api: 'ec2:DescribeInstances',
    behavior: 'filters are ANDed',
    source: 'docs',
    call: instances({
      Filters: [
        { Name: 'tag:env', Values: ['prod'] },
        { Name: 'platform', Values: ['windows'] },
      ],
    }),
    expect: OK,
    output: { Reservations: [{ Instances: [{ InstanceId: instance(3) }] }] },
  },
  refused(
    'MaxResults below 5',
    'observed',
    { MaxResults: 3 },
    'InvalidParameterValue',
    /^Value \( 3 \) for parameter maxResults is invalid\. Expecting a value greater than 5\.$/u,
  ),
  refused('MaxResults above 1000', 'docs', { MaxResults: 1001 }, 'InvalidParameterValue', /maxResults/u),
  refused(
    'MaxResults with ids',
    'docs',
    (ids) => ({ InstanceIds: [ids.linux], MaxResults: 5 }),
    'InvalidParameterCombination',
    /^The parameter instancesSet cannot be used with the parameter maxResults$/u,
  ),
  refused('bad token', 'docs', { MaxResults: 5, NextToken: 'x' }, 'InvalidNextToken', /token/u),
  refused(
    'unknown filter',
    'docs',
    { Filters: [{ Name: 'color', Values: ['red'] }] },
    'InvalidParameterValue',
    /^The filter 'color' is invalid$/u,
  ),
  refused(
    '51 filters',
    'docs',
    { Filters: Array.from({ length: 51 }, (_, i) => ({ Name: `tag:k${i}`, Values: ['x'] })) },
    'FilterLimitExceeded',
    /50/u,
  ),
  refused(
    '201 values',
    'docs',
    { Filters: [{ Name: 'tag:k', Values: Array.from({ length: 201 }, (_, i) => `v${i}`) }] },
    'FilterLimitExceeded',
    /200/u,
  ),
  refused(
    'value above 255 characters',
    'docs',
    { Filters: [{ Name: 'tag:k', Values: ['x'.repeat(256)] }] },
    'InvalidParameterValue',
    /255/u,
  ),
  refused(
    'malformed id',
    'docs',
    { InstanceIds: ['i-xyz'] },
    'InvalidInstanceID.Malformed',
    /^Invalid id: "i-xyz"$/u,
  ),
  refused(
    'unknown id fails the whole call',
    'docs',
    (ids) => ({ InstanceIds: [ids.linux, 'i-0123456789abcdef0'] }),
    'InvalidInstanceID.NotFound',
    /^The instance ID 'i-0123456789abcdef0' does not exist$/u,
  ),
  refused(
    'unknown ids are all named',
    'docs',
    { InstanceIds: ['i-0123456789abcdef0', 'i-0123456789abcdef1'] },
    'InvalidInstanceID.NotFound',
    /^The instance IDs 'i-0123456789abcdef0, i-0123456789abcdef1' do not exist$/u,
  ),
  refused(
    "another account's id",
    'docs',
    (ids) => ({ InstanceIds: [ids.foreign] }),
    'InvalidInstanceID.NotFound',
    /does not exist/u,
  ),
  {
    api: 'ec2:DescribeInstances',
    behavior: 'dry run',
    source: 'docs',
    call: instances({ DryRun: true }),
    expect: ['DryRunOperation', 412],
    message: /^Request would have succeeded/u,
  },
  access(
    'permission missing',
    'gaps',
    'us-east-1',
    ['UnauthorizedOperation', 403],
    /^You are not authorized to perform this operation\. User: arn:aws:sts::100000000009:assumed-role\/.* is not authorized to perform: ec2:DescribeInstances because no identity-based policy allows/u,
  ),
  access(
    'region denied by a service control policy',
    'scp',
    'eu-west-1',
    ['UnauthorizedOperation', 403],
    /explicit deny in a service control policy/u,
  ),
  access(
    'discovery principal has no EC2',
    'discovery',
    'us-east-1',
    ['UnauthorizedOperation', 403],
    /ec2:DescribeInstances/u,
  ),
  access('region not enabled', 'member', 'me-south-1', ['AuthFailure', 401], NOT_VALID),
  access('wrong secret', 'wrong-secret', 'us-east-1', ['AuthFailure', 401], NOT_VALID),
  access('unknown key', 'unknown-key', 'us-east-1', ['AuthFailure', 401], NOT_VALID),
  filtered('by state code', 'instance-state-code', ['80'], [instance(5)]),
  filtered('by group name', 'instance.group-name', ['def*'], [1, 2, 3, 4, 5, 6, 7].map(instance)),
  filtered('by something no instance has', 'key-name', ['*'], []),
  filtered('by lifecycle', 'instance-lifecycle', ['spot'], []),
  filtered('by profile', 'iam-instance-profile.arn', ['*:000000000000:*'], []),
  {
    api: 'ec2:DescribeRegions',
    behavior: 'by name, with a wildcard',
    source: 'docs',
    call: regions({ Filters: [{ Name: 'region-name', Values: ['eu-*'] }] }),
    expect: OK,
    output: { Regions: [{ RegionName: 'eu-west-1', Endpoint: 'ec2.eu-west-1.amazonaws.com' }] },
  },
  {
    api: 'ec2:DescribeRegions',
    behavior: 'unknown filter',
    source: 'docs',
    call: regions({ Filters: [{ Name: 'color', Values: ['red'] }] }),
    expect: ['InvalidParameterValue', 400],
    message: /^The filter 'color' is invalid$/u,
  },
  {
    api: 'ec2:DescribeRegions',
    behavior: 'valid: enabled ones',
    source: 'model',
    call: regions({}),
    expect: OK,
    output: {
      Regions: [
        { RegionName: 'us-east-1' },
        { RegionName: 'eu-west-1' },
        { RegionName: 'ap-east-1', OptInStatus: 'opted-in' },
      ],
    },
  },
  {
    api: 'ec2:DescribeRegions',
    behavior: 'all, by status',
    source: 'docs',
    call: regions({
      AllRegions: true,
      RegionNames: ['af-south-1', 'us-east-1'],
      Filters: [{ Name: 'opt-in-status', Values: ['not-opted-in'] }],
    }),
    expect: OK,
    output: { Regions: [{ RegionName: 'af-south-1', OptInStatus: 'not-opted-in' }] },
  },
  {
    api: 'ec2:DescribeRegions',
    behavior: 'no such region',
    source: 'assumed',
    call: regions({ RegionNames: ['mars-north-1'] }),
    expect: ['InvalidParameterValue', 400],
    message: /^Invalid region name: mars-north-1$/u,
  },
  {
    api: 'ec2:DescribeRegions',
    behavior: 'dry run',
    source: 'docs',
    call: regions({ DryRun: true }),
    expect: ['DryRunOperation', 412],
  },
];
