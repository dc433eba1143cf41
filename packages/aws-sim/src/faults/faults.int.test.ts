import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import {
  ListAccountsCommand,
  ListAccountsForParentCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-organizations';
import {
  DescribeInstanceInformationCommand,
  ListCommandInvocationsCommand,
  SendCommandCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import type { AwsSim } from '../start.ts';
import { type Seen, seen } from '../testing/answers.ts';
import { memberClients, sdkClients } from '../testing/sdk-clients.ts';
import { startWorld } from '../testing/simulators.ts';
import type { FaultRule } from './rules.ts';

const MEMBER = '100000000002';
const HOST = 'i-00000000000000001';

function start(faults: FaultRule[], speed = 100): Promise<AwsSim> {
  return startWorld(
    {
      name: 'faults',
      seed: 5,
      limits: { '*': null },
      latency: { visibilityMs: [1_000, 1_000] },
      faults,
      accounts: [{ id: '100000000001' }, { id: MEMBER, instances: [{ region: 'us-east-1', id: HOST }] }],
    },
    { speed },
  );
}

function send(ssm: SSMClient): Promise<Seen> {
  const Parameters = { commands: ['true'] };
  return seen(
    ssm.send(new SendCommandCommand({ DocumentName: 'AWS-RunShellScript', InstanceIds: [HOST], Parameters })),
  );
}

function assume(sim: AwsSim, accountId: string): Promise<{ $metadata: object }> {
  const RoleArn = `arn:aws:iam::${accountId}:role/any`;
  return sdkClients(sim).sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'stale' }));
}

describe('a command whose answer goes wrong', () => {
  test.each<[FaultRule['kind'], number, string, number]>([
    ['reset-before', 0, 'ECONNRESET', 0],
    ['reset-after', 1, 'ECONNRESET', 0],
    ['error', 0, 'InternalServerError', 500],
    ['error-after', 1, 'InternalServerError', 500],
    ['throttle', 0, 'ThrottlingException', 400],
    ['deny', 0, 'AccessDeniedException', 400],
    ['expired-credentials', 0, 'ExpiredTokenException', 400],
  ])('%s: %i accepted', async (kind, accepted, name, status) => {
    const sim = await start([{ kind, apis: ['ssm:SendCommand'], maxTimes: 1 }]);
    const { ssm } = await memberClients(sim, MEMBER);

    const answer = await send(ssm);

    const report = sim.report();
    expect([answer.ok, answer.status]).toEqual([false, status]);
    expect(`${answer.name} ${answer.message}`).toContain(name === 'ECONNRESET' ? '' : name);
    expect(report.commands.sent).toBe(accepted);
    expect(report.calls['ssm:SendCommand']?.ok).toBe(0);
  });

  test.each([
    ['timeout-before', 0],
    ['timeout-after', 1],
  ] as const)('%s: nothing comes back, %i accepted', async (kind, accepted) => {
    const sim = await start([{ kind, apis: ['ssm:SendCommand'] }]);
    const { ssm } = await memberClients(sim, MEMBER);
    const Parameters = { commands: ['true'] };
    const input = { DocumentName: 'AWS-RunShellScript', InstanceIds: [HOST], Parameters };

    const call = ssm.send(new SendCommandCommand(input), { abortSignal: AbortSignal.timeout(200) });

    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    expect(sim.report()).toMatchObject({
      commands: { sent: accepted },
      calls: { 'ssm:SendCommand': { ok: 0, faulted: 1 } },
    });
  });

  test.each([
    [502, 'InternalServerError'],
    [503, 'ServiceUnavailableException'],
    [504, 'InternalServerError'],
  ] as const)('an error can be a %i', async (status, name) => {
    const sim = await start([{ kind: 'error', status, apis: ['ssm:SendCommand'] }]);
    const { ssm } = await memberClients(sim, MEMBER);

    const answer = await send(ssm);

    expect([answer.status, answer.name]).toEqual([status, name]);
  });
});

test('rules are bound to accounts, regions and windows of time', async () => {
  const sim = await start([
    { kind: 'error', apis: ['ec2:*'], regions: ['eu-west-1'] },
    { kind: 'error', apis: ['organizations:*'], fromMs: 10_000_000 },
    { kind: 'error', apis: ['sts:GetCallerIdentity'], accounts: [MEMBER] },
  ]);
  const discovery = sdkClients(sim);
  const member = await memberClients(sim, MEMBER);

  const answers = {
    here: await seen(member.ec2.send(new DescribeInstancesCommand({}))),
    later: await seen(discovery.organizations.send(new ListAccountsCommand({}))),
    discovery: await seen(discovery.sts.send(new GetCallerIdentityCommand({}))),
    member: await seen(member.sts.send(new GetCallerIdentityCommand({}))),
  };

  expect([answers.here.ok, answers.later.ok, answers.discovery.ok]).toEqual([true, true, true]);
  expect([answers.member.name, answers.member.status]).toEqual(['InternalFailure', 500]);
});

test('a window of time opens and closes', async () => {
  const sim = await start([{ kind: 'throttle', apis: ['sts:*'], untilMs: 20_000 }], 100);
  const { sts } = sdkClients(sim);
  const call = async (): Promise<boolean> => (await seen(sts.send(new GetCallerIdentityCommand({})))).ok;

  expect(await call()).toBe(false);
  await expect.poll(call).toBe(true);
});

test('a storm throttles in runs, and of every API its own', async () => {
  const sim = await start([{ kind: 'throttle', apis: ['*'], probability: 0.5, streak: 5 }]);
  const { organizations } = sdkClients(sim);
  const answers: boolean[] = [];
  for (let i = 0; i < 40; i += 1) {
    answers.push((await seen(organizations.send(new ListAccountsCommand({})))).ok);
  }

  const runs = Array.from({ length: 8 }, (_, i) => new Set(answers.slice(i * 5, i * 5 + 5)).size);
  expect(runs).toEqual(Array.from({ length: 8 }, () => 1));
  expect(new Set(answers).size).toBe(2);
});

test('a slow answer comes late by the delay on the scaled clock', async () => {
  const sim = await start([{ kind: 'slow', apis: ['sts:*'], delayMs: 20_000 }]);
  const startedAt = performance.now();

  const answer = await seen(sdkClients(sim).sts.send(new GetCallerIdentityCommand({})));

  expect(answer.ok).toBe(true);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(195);
});

test('a stale read shows the past', async () => {
  const sim = await start([{ kind: 'stale', apis: ['ssm:ListCommandInvocations'], delayMs: 3_600_000 }]);
  const { ssm } = await memberClients(sim, MEMBER);
  await send(ssm);
  await expect.poll(() => sim.report().commands.live).toBe(0);

  const { CommandInvocations } = await ssm.send(new ListCommandInvocationsCommand({}));

  expect(CommandInvocations).toEqual([]);
});

describe('a stale answer of', () => {
  const stale = (...apis: string[]): FaultRule[] => [{ kind: 'stale', apis, delayMs: 3_600_000 }];

  test('EC2 shows instances as they were, and new ones not at all', async () => {
    const sim = await start(stale('ec2:*'));
    const { ec2 } = await memberClients(sim, MEMBER);
    await sim.change(
      { op: 'stop-instance', instanceId: HOST },
      { op: 'set-tags', instanceId: HOST, tags: { env: 'dev' } },
      { op: 'launch-instances', accountId: MEMBER, instance: { region: 'us-east-1' } },
    );

    const old = await ec2.send(new DescribeInstancesCommand({}));
    await sim.change({ op: 'clear-faults' });
    const now = await ec2.send(new DescribeInstancesCommand({}));

    const [host, ...others] = (old.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);
    expect(host).toMatchObject({ State: { Name: 'running' }, Tags: [{ Key: 'env', Value: 'prod' }] });
    expect(others).toEqual([]);
    expect((now.Reservations ?? []).flatMap(({ Instances }) => Instances ?? [])).toHaveLength(2);
  });

  test('Systems Manager shows a node that is gone', async () => {
    const sim = await start(stale('ssm:DescribeInstanceInformation'));
    const { ssm } = await memberClients(sim, MEMBER);
    await sim.change({ op: 'set-ssm', instanceId: HOST, ssm: null });

    const { InstanceInformationList } = await ssm.send(new DescribeInstanceInformationCommand({}));

    expect(InstanceInformationList).toMatchObject([{ InstanceId: HOST, PingStatus: 'Online' }]);
  });

  test('Organizations shows accounts where and as they were, and new ones not at all', async () => {
    const sim = await start(stale('organizations:*'));
    const { organizations } = sdkClients(sim);
    const { rootId } = sim.world.tree;
    await sim.change(
      { op: 'move-account', accountId: MEMBER, ouPath: 'Elsewhere' },
      { op: 'set-account-state', accountId: MEMBER, state: 'SUSPENDED' },
      { op: 'set-account-tags', accountId: MEMBER, tags: { owner: 'unknown' } },
      { op: 'add-account', account: { id: '100000000003' } },
    );
    const read = async (): Promise<unknown[]> => {
      const all = await organizations.send(new ListAccountsCommand({}));
      const inRoot = await organizations.send(new ListAccountsForParentCommand({ ParentId: rootId }));
      const tags = await organizations.send(new ListTagsForResourceCommand({ ResourceId: MEMBER }));
      const state = all.Accounts?.find(({ Id }) => Id === MEMBER)?.State;
      return [all.Accounts?.length, inRoot.Accounts?.map(({ Id }) => Id), state, tags.Tags?.length];
    };

    const old = await read();
    await sim.change({ op: 'clear-faults' });

    expect(old).toEqual([2, ['100000000001', MEMBER], 'ACTIVE', 0]);
    expect(await read()).toEqual([3, ['100000000001', '100000000003'], 'SUSPENDED', 1]);
  });

  test('STS does not know an account that was just added', async () => {
    const sim = await start(stale('sts:AssumeRole'));
    await sim.change({ op: 'add-account', account: { id: '100000000003' } });

    const early = await seen(assume(sim, '100000000003'));
    await sim.change({ op: 'clear-faults' });
    const late = await seen(assume(sim, '100000000003'));

    expect([early.name, late.ok]).toEqual(['AccessDenied', true]);
  });
});

test('the same calls meet the same faults, whatever happens in between', async () => {
  const faults: FaultRule[] = [{ kind: 'error', apis: ['ec2:*'], probability: 0.5 }];
  const alone = await start(faults);
  const busy = await start(faults);
  const call = async (sim: AwsSim, region: string): Promise<boolean> =>
    (await seen((await memberClients(sim, MEMBER, region)).ec2.send(new DescribeInstancesCommand({})))).ok;

  const first: boolean[] = [];
  const second: boolean[] = [];
  for (let i = 0; i < 20; i += 1) {
    first.push(await call(alone, 'us-east-1'));
    await call(busy, 'us-west-2');
    second.push(await call(busy, 'us-east-1'));
  }

  expect(second).toEqual(first);
  expect(new Set(first).size).toBe(2);
});
