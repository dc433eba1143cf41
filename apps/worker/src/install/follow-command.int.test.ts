import { collectMember } from '@muster/core/jobs/catalog';
import { targetId } from '@muster/core/organization/target';
import { expect, test } from 'vitest';
import { collect, dueInMs, passExpiry, shows, useSentBatch } from '../fixtures/sent-batch.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

/** Looks at a command that do not show its end. */
const startSent = useSentBatch();

test('looks at a live command grow apart, up to the longest pause', async () => {
  const bench = await startSent({
    world: aWorld(someInstances(1, { outcome: { kind: 'hangs' } })),
    speed: 1,
  });
  const waits: number[] = [];

  for (let look = 0; look < 7; look += 1) {
    const before = bench.now();
    await collect(bench);
    waits.push(
      Math.floor(((await bench.dueAt('collect', collectMember(TARGET, bench.batchId))) ?? 0) - before),
    );
  }

  const { pollFirstMs, pollMaxMs } = bench.deps.config.install;
  expect(waits[0]).toBeGreaterThanOrEqual(pollFirstMs);
  expect(waits[2]).toBeGreaterThan((waits[0] ?? 0) * 2);
  expect(waits.at(-1)).toBeGreaterThanOrEqual(pollMaxMs);
  expect(waits.at(-1)).toBeLessThan(pollMaxMs + 2_000);
});

test('a command that SSM does not show has not ended: only its expiry ends it', async () => {
  const bench = await startSent({ world: aWorld(someInstances(2)) });
  bench.front.rewrite = (operation, answer) =>
    operation === 'ListCommandInvocations' ? { ...answer, body: '{"CommandInvocations":[]}' } : answer;
  await bench.commandsEnded();
  const { command } = await bench.intent();
  const lifeMs = (command?.expiresAtMs ?? 0) - bench.now();
  bench.advance(lifeMs + bench.deps.timings.expiryMarginMs - 5_000);

  expect(await collect(bench)).toMatchObject({ ended: 0, open: 2, state: 'live' });
  expect(await bench.states()).toEqual({ installing: 2 });

  bench.advance(10_000);
  expect(await collect(bench)).toMatchObject({ ended: 2, open: 0 });
  expect(await bench.cause(instanceId(0))).toBe('ec2-ssm-command-lost');
});

test('a command that expires without an end is canceled in SSM too', async () => {
  const bench = await startSent({
    world: aWorld([...someInstances(1), ...someInstances(1, { outcome: { kind: 'hangs' } }, 1)]),
    speed: 1,
  });
  await shows(bench, 0, 'Success');
  await passExpiry(bench);

  await collect(bench);

  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'installed' });
  expect(await bench.record(instanceId(1))).toMatchObject({ state: 'failed', cause: 'ec2-ssm-command-lost' });
  await shows(bench, 1, 'Cancelled');
  expect(await bench.findings()).toEqual([]);
});

test('where the role may not cancel, people are told what was left behind', async () => {
  const bench = await startSent({
    world: aWorld(someInstances(1, { outcome: { kind: 'hangs' } }), {
      account: { deniedActions: ['ssm:CancelCommand'] },
    }),
    speed: 1,
  });
  await passExpiry(bench);

  await collect(bench);

  expect(await bench.cause(instanceId(0))).toBe('ec2-ssm-command-lost');
  expect(await bench.findings()).toEqual([`command-not-canceled ${targetId(TARGET)}`]);
});

test('a throttled or denied look ends nothing and loses nothing', async () => {
  const bench = await startSent({ world: aWorld(someInstances(1)) });
  await bench.commandsEnded();
  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'throttle', apis: ['ssm:ListCommandInvocations'], maxTimes: 1 },
  });
  await expect(collect(bench)).rejects.toMatchObject({ code: 'aws.throttled' });
  // Our own share is cut then, and the next look waits for it without asking AWS.
  const calls = bench.front.count('ListCommandInvocations');
  await bench.ledger.pacing.throttled(TARGET, 'ssm:ListCommandInvocations', {
    retryAfterMs: 60_000,
    tookMs: 100,
  });
  await expect(collect(bench)).rejects.toMatchObject({ code: 'aws.throttled' });
  expect(bench.front.count('ListCommandInvocations')).toBe(calls);

  expect(await bench.states()).toEqual({ installing: 1 });
  expect((await bench.intents()).length).toBe(1);
  expect(await dueInMs(bench)).toBeGreaterThan(0);
});

test('where commands may not be looked at any more the target is partial by name, and nothing is ended', async () => {
  const bench = await startSent({ world: aWorld(someInstances(1)) });
  await bench.commandsEnded();
  const actions = ['ssm:ListCommandInvocations'];
  await bench.aws.change({ op: 'deny-actions', accountId: ACCOUNT, actions });

  expect(await collect(bench)).toEqual({ ended: 0, open: 1, state: 'denied' });

  for (let round = 1; round <= 2; round += 1) {
    const coverage = await bench.ledger.coverage.read(TARGET);
    expect(coverage).toMatchObject({ status: 'partial', cause: 'ec2-perm-account-denied' });
    expect(coverage?.detail).toContain('ssm:ListCommandInvocations');
    await bench.run('scan-target', { target: TARGET });
  }
  expect(await bench.states()).toEqual({ installing: 1 });
  expect(await dueInMs(bench)).toBeGreaterThan(0);

  await bench.aws.change({ op: 'deny-actions', accountId: ACCOUNT, actions: [] });
  expect(await collect(bench)).toMatchObject({ ended: 1, open: 0 });
  await bench.run('scan-target', { target: TARGET });
  expect(await bench.ledger.coverage.read(TARGET)).toMatchObject({ status: 'complete' });
});

test.each([
  ['denied', { op: 'deny-actions', accountId: ACCOUNT, actions: ['ssm:*'] }],
  ['switched off', { op: 'set-region', accountId: ACCOUNT, region: TARGET.region, status: 'DISABLED' }],
] as const)(
  'a command behind a region that is %s ends when it has expired all the same',
  async (_, change) => {
    const bench = await startSent({ world: aWorld(someInstances(2)) });
    await bench.commandsEnded();
    await bench.aws.change(
      change.op === 'deny-actions' ? { ...change, actions: [...change.actions] } : change,
    );
    expect(await collect(bench)).toMatchObject({ ended: 0, open: 2 });

    await passExpiry(bench);

    expect(await collect(bench)).toMatchObject({ ended: 2, open: 0 });
    expect(await bench.cause(instanceId(0))).toBe('ec2-ssm-command-lost');
    expect(await bench.findings()).toContain(`command-not-canceled ${targetId(TARGET)}`);
    expect(await bench.intents()).toEqual([]);
  },
);
