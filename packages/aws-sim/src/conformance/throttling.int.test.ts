import { ListRegionsCommand } from '@aws-sdk/client-account';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { ListAccountsCommand } from '@aws-sdk/client-organizations';
import { DescribeInstanceInformationCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AwsSim, startAwsSim } from '../start.ts';
import { seen } from '../testing/answers.ts';
import { memberClients, type SdkClients, sdkClients } from '../testing/sdk-clients.ts';
import { startSim } from '../testing/simulators.ts';
import type { ConformanceIds } from './case.ts';
import { conformanceIds } from './conformance-ids.ts';
import { CONFORMANCE_WORLD } from './conformance-world.ts';
import { USUAL_CALLS } from './usual-calls.ts';

const ONCE = { burst: 1, perSecond: 0.001 };

describe('an empty bucket is answered in the words of its service', () => {
  test.each<[string, (clients: SdkClients) => ReturnType<typeof seen>, [string, number], RegExp]>([
    [
      'organizations:ListAccounts',
      (c) => seen(c.organizations.send(new ListAccountsCommand({}))),
      ['TooManyRequestsException', 400],
      /Organizations/u,
    ],
    [
      'sts:GetCallerIdentity',
      (c) => seen(c.sts.send(new GetCallerIdentityCommand({}))),
      ['Throttling', 400],
      /^Rate exceeded$/u,
    ],
  ])('%s', async (api, call, error, message) => {
    const sim = await startSim({ accounts: 2, scenario: 'clean', settings: { limits: { [api]: ONCE } } });
    const clients = sdkClients(sim);

    const first = await call(clients);
    const second = await call(clients);

    expect(first.ok).toBe(true);
    expect([second.name, second.status]).toEqual(error);
    expect(second.message).toMatch(message);
  });

  test.each<[string, (clients: SdkClients) => ReturnType<typeof seen>, [string, number], RegExp]>([
    [
      'account:ListRegions',
      (c) => seen(c.account.send(new ListRegionsCommand({}))),
      ['TooManyRequestsException', 429],
      /Too Many/u,
    ],
    [
      'ec2:DescribeInstances',
      (c) => seen(c.ec2.send(new DescribeInstancesCommand({ MaxResults: 5 }))),
      ['RequestLimitExceeded', 503],
      /^Request limit exceeded\. Account \d{12} has been throttled on ec2:DescribeInstances because it exceeded its request rate limit\.$/u,
    ],
    [
      'ssm:DescribeInstanceInformation',
      (c) => seen(c.ssm.send(new DescribeInstanceInformationCommand({}))),
      ['ThrottlingException', 400],
      /^Rate exceeded$/u,
    ],
  ])('%s', async (api, call, error, message) => {
    const sim = await startSim({ accounts: 2, scenario: 'clean', settings: { limits: { [api]: ONCE } } });
    const [first, second] = sim.world.accounts.map((account) => account.id);
    const mine = await memberClients(sim, first ?? '');
    const theirs = await memberClients(sim, second ?? '');
    const elsewhere = await memberClients(sim, first ?? '', 'us-west-2');

    const answers = [await call(mine), await call(mine), await call(theirs), await call(elsewhere)];

    expect(answers.map((answer) => answer.ok)).toEqual([true, false, true, true]);
    expect([answers[1]?.name, answers[1]?.status]).toEqual(error);
    expect(answers[1]?.message).toMatch(message);
    expect(sim.report().calls[api]).toMatchObject({ ok: 3, throttled: 1 });
  });
});

test('a listing without filters or pages has a smaller bucket of its own', async () => {
  const limits = { 'ec2:DescribeInstances/bare': ONCE };
  const sim = await startSim({ accounts: 1, scenario: 'clean', settings: { limits } });
  const { ec2 } = await memberClients(sim, sim.managementAccountId);
  const call = (input: object): ReturnType<typeof seen> =>
    seen(ec2.send(new DescribeInstancesCommand(input)));

  const answers = [await call({}), await call({}), await call({ MaxResults: 100 })];

  expect(answers.map((answer) => answer.ok)).toEqual([true, false, true]);
});

test('a throttled command was not accepted', async () => {
  const sim = await startSim({
    accounts: 1,
    scenario: 'clean',
    settings: { limits: { 'ssm:SendCommand': ONCE } },
  });
  const { ssm } = await memberClients(sim, sim.managementAccountId);
  const send = (): ReturnType<typeof seen> =>
    seen(
      ssm.send(
        new SendCommandCommand({
          DocumentName: 'AWS-RunShellScript',
          Targets: [{ Key: 'tag:env', Values: ['prod'] }],
          Parameters: { commands: ['true'] },
        }),
      ),
    );

  const answers = [await send(), await send()];

  expect(answers.map((answer) => answer.ok)).toEqual([true, false]);
  expect(sim.report().commands.sent).toBe(1);
});

test('buckets refill with the speed of the clock', async () => {
  const limits = { 'organizations:ListAccounts': { burst: 1, perSecond: 1 } };
  const sim = await startSim({ accounts: 1, scenario: 'clean', speed: 1_000, settings: { limits } });
  const { organizations } = sdkClients(sim);

  const answers = [];
  for (let i = 0; i < 5; i += 1) answers.push(await seen(organizations.send(new ListAccountsCommand({}))));

  expect(answers.filter((answer) => answer.ok).length).toBeGreaterThanOrEqual(3);
});

describe('every operation has a bucket, and its service says when it is empty', () => {
  const words = {
    sts: ['Throttling', 400],
    organizations: ['TooManyRequestsException', 400],
    account: ['TooManyRequestsException', 429],
    ec2: ['RequestLimitExceeded', 503],
    ssm: ['ThrottlingException', 400],
  } as const;
  let sim: AwsSim;
  let ids: ConformanceIds;

  // A world for each: all operations of STS draw from one bucket.
  beforeEach(async () => {
    sim = await startAwsSim({ world: CONFORMANCE_WORLD, speed: 100 });
    ids = await conformanceIds(sim);
  });

  afterEach(() => sim.close());

  test.each(Object.entries(USUAL_CALLS))('%s', async (api, call) => {
    const service = api.slice(0, api.indexOf(':')) as keyof typeof words;
    const central = service === 'sts' || service === 'organizations';
    const clients = central ? sdkClients(sim) : await memberClients(sim, ids.member);
    await sim.change({ op: 'set-limits', limits: { [api]: ONCE } });

    const answers = [await seen(call(clients, ids)), await seen(call(clients, ids))];

    expect(answers.map(({ ok }) => ok)).toEqual([true, false]);
    expect([answers[1]?.name, answers[1]?.status]).toEqual(words[service]);
  });
});

test('members share nothing, but a caller pays for all whom it enters', async () => {
  const limits = { 'sts:AssumeRole': ONCE, 'organizations:ListAccounts': null };
  const sim = await startSim({ accounts: 3, scenario: 'clean', settings: { limits } });
  const [, first, second] = sim.world.accounts.map((account) => account.id);

  const entered = await seen(enter(sim, first ?? ''));
  const refused = await seen(enter(sim, second ?? ''));

  expect([entered.ok, refused.name]).toEqual([true, 'Throttling']);
});

function enter(sim: AwsSim, accountId: string): Promise<{ $metadata: object }> {
  const RoleArn = `arn:aws:iam::${accountId}:role/any`;
  return sdkClients(sim).sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'throttle' }));
}
