import type { ScopeText } from '@muster/core/control/scope';
import { readOrganizationStatus } from '@muster/core/reports/organization-status';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

/** Whatever waits says for what. */
const startWorkerBench = useWorkerBench();
const install = (bench: WorkerBench) => bench.run('install-batch', { target: TARGET });

async function waiting(bench: WorkerBench) {
  const status = await readOrganizationStatus(bench.ledger, bench.now());
  return status.waits.map(({ reason, targets, instances }) => ({ reason, targets, instances }));
}

async function waitFindings(bench: WorkerBench) {
  const { findings } = await readOrganizationStatus(bench.ledger, bench.now());
  return findings.filter(({ kind }) => kind === 'sends-wait');
}

test('under the hold, and under a pause, what waits says so before any job has looked', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(3)),
    config: { muster: { limits: { hold_first_send: true } } },
  });
  await bench.scanned();
  expect(await waiting(bench)).toEqual([{ reason: 'held', targets: 1, instances: 3 }]);

  await bench.ledger.control.releaseHold();
  const scope: ScopeText = `account:${ACCOUNT}`;
  await bench.ledger.control.pause({ scope, atMs: bench.now(), by: 'operator', reason: '' });
  await install(bench);
  expect(await waiting(bench)).toEqual([{ reason: 'paused', targets: 1, instances: 3 }]);

  await bench.ledger.control.resume(scope);
  await install(bench);
  expect(await waiting(bench)).toEqual([]);
});

test('a new Redis makes sends wait, and status says until when', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), newEpoch: true });
  await bench.scanned();

  await install(bench);

  const { waits } = await readOrganizationStatus(bench.ledger, bench.now());
  expect(waits).toEqual([
    expect.objectContaining({
      reason: 'epoch',
      instances: 2,
      message: expect.stringContaining('Redis is new') as string,
    }),
  ]);
  const untilMs = Date.parse(waits[0]?.until ?? '');
  const { sendWindowMs, visibilityMs } = bench.deps.config.install;
  const longestMs = sendWindowMs + visibilityMs + bench.deps.timings.clockSkewMs;
  expect(untilMs).toBeGreaterThan(bench.now());
  expect(untilMs).toBeLessThanOrEqual(bench.now() + longestMs);
});

test('without a recent inventory sends wait for it, and after a minute that is a finding', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2)),
    config: ({ tctl }) => ({ muster: { inventory: { source: 'tctl', command: tctl } } }),
  });
  await bench.scanned();
  await install(bench);
  expect(await waiting(bench)).toEqual([{ reason: 'inventory', targets: 1, instances: 2 }]);

  await bench.store.redis.hset(
    bench.store.keys.waits,
    `${TARGET.accountId}.${TARGET.region}`,
    `inventory|${Date.now() - 60_000}|`,
  );

  expect(await waitFindings(bench)).toEqual([
    expect.objectContaining({
      scope: 'reason:inventory',
      owner: 'teleport-admin',
      count: 2,
      remedy: expect.stringContaining('tctl get nodes') as string,
    }),
  ]);
});

test('a full cap is said, of those that it keeps waiting', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(5)),
    config: { muster: { limits: { installs_in_flight: 2 } } },
    speed: 1,
  });
  await bench.scanned();

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2, stopped: 'cap' });

  expect(await waiting(bench)).toEqual([{ reason: 'cap', targets: 1, instances: 3 }]);
});

test('a throttle is said, with the time of the next turn', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), speed: 1 });
  await bench.scanned();
  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'throttle', apis: ['ssm:SendCommand'], maxTimes: 1 },
  });

  expect(await install(bench)).toMatchObject({ stopped: 'throttled' });

  const { waits } = await readOrganizationStatus(bench.ledger, bench.now());
  expect(waits).toEqual([expect.objectContaining({ reason: 'pacing', instances: 2 })]);
  expect(waits[0]?.until).not.toBeNull();
});

test('a send whose answer was lost keeps its instances waiting, and says so', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), speed: 1 });
  await bench.scanned();
  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'reset-before', apis: ['ssm:SendCommand'], maxTimes: 1 },
  });
  await install(bench);
  bench.advance(60_000);

  expect(await waiting(bench)).toEqual([{ reason: 'answer-lost', targets: 1, instances: 2 }]);
});
