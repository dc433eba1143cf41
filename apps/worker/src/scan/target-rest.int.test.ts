import { targetId } from '@muster/core/organization/target';
import { organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const scan = (bench: WorkerBench) => bench.run('scan-target', { target: TARGET });

type Instances = Parameters<typeof aWorld>[0];

/** Hosts of a target that is known and was read twice: by then it is at rest when it can be. */
async function startRead(instances: Instances, muster: object = {}): Promise<WorkerBench> {
  const bench = await startWorkerBench({
    config: { muster: { inventory: { source: 'tctl' }, ...muster } },
    world: aWorld(instances),
    // Muster's clock goes weeks ahead of the simulators'.
    teleport: { nodeTtlMs: 30 * 86_400_000 * 200 },
  });
  await bench.run('read-inventory', {});
  await bench.scanned();
  await scan(bench);
  return bench;
}

/** Until when the target is at rest; null when it is not. */
async function restsUntil(bench: WorkerBench): Promise<number | null> {
  const { rest } = await bench.ledger.scans.begin(TARGET, 1_000);
  return rest?.untilMs ?? null;
}

test('the records of a target at rest are not read, and are looked at again when its time has come', async () => {
  const bench = await startRead(someInstances(3, { joined: true }));
  const { redis, keys } = bench.store;
  const untilMs = (await restsUntil(bench)) ?? 0;
  expect(untilMs).toBeGreaterThan(bench.now());
  await redis.hset(keys.target(TARGET).instances, instanceId(1), 'broken by another client');

  expect(await scan(bench)).toEqual({ status: 'complete', seen: 3, queued: 0, changed: 0 });
  expect((await bench.findings()).join()).not.toContain('ledger-unreadable');
  bench.advance(untilMs - bench.now() + 1);
  await bench.run('read-inventory', {});
  await scan(bench);

  expect((await bench.findings()).join()).toContain('ledger-unreadable');
  expect(await bench.states()).toEqual({ joined: 3 });
});

test('a target at rest is read completely all the same, and is due again', async () => {
  const bench = await startRead(someInstances(1, { joined: true }));
  bench.advance(1_000_000);
  const fromMs = bench.now();

  await scan(bench);

  const coverage = await bench.ledger.coverage.read(TARGET);
  expect(coverage).toMatchObject({ status: 'complete' });
  expect(coverage?.completeAtMs).toBeGreaterThanOrEqual(fromMs);
  const { pollIntervalMs } = bench.deps.config;
  expect(await bench.dueAt('scan', targetId(TARGET))).toBeGreaterThanOrEqual(fromMs + pollIntervalMs);
});

test.each([
  ['stops', { op: 'stop-instance', instanceId: instanceId(0) }, { joined: 1, stopped: 1 }],
  ['vanishes', { op: 'terminate-instance', instanceId: instanceId(0) }, { joined: 1, gone: 1 }],
  [
    'is wanted no more',
    { op: 'set-tags', instanceId: instanceId(0), tags: { env: 'dev' } },
    { joined: 1, unmatched: 1 },
  ],
] as const)('one host that %s ends the rest', async (_what, change, states) => {
  const bench = await startRead(someInstances(2, { joined: true }));
  expect(await restsUntil(bench)).not.toBeNull();

  await bench.aws.change(change);

  expect(await scan(bench)).toMatchObject({ changed: 1 });
  expect(await bench.states()).toEqual(states);
});

test('a host that comes ends the rest', async () => {
  const bench = await startRead(someInstances(2, { joined: true }));
  const instance = { region: TARGET.region, id: instanceId(2) };

  await bench.aws.change({ op: 'launch-instances', accountId: TARGET.accountId, instance });

  expect(await scan(bench)).toMatchObject({ seen: 3, changed: 1 });
});

test('a tag that is but a label ends the rest where labels are written', async () => {
  const bench = await startRead(someInstances(1, { joined: true }), {
    labels: { enabled: true },
  });
  const waiting = await bench.ledger.labels.waiting();

  await bench.aws.change({
    op: 'set-tags',
    instanceId: instanceId(0),
    tags: { env: 'prod', team: 'red' },
  });
  await scan(bench);

  const changes = await bench.ledger.labels.take(10);
  expect(waiting).toBe(1);
  expect(changes.map(({ change }) => change.labels)).toEqual([{ 'aws/env': 'prod', 'aws/team': 'red' }]);
});

test('a target is not at rest while one of its hosts waits for anything', async () => {
  const joined = someInstances(1, { joined: true });

  const queued = await startRead([...joined, ...someInstances(1, {}, 1)]);
  const unmanaged = await startRead([...joined, ...someInstances(1, { ssm: null }, 1)]);

  expect(await queued.states()).toEqual({ joined: 1, queued: 1 });
  expect(await restsUntil(queued)).toBeNull();
  expect(await unmanaged.states()).toEqual({ joined: 1, ineligible: 1 });
  expect(await restsUntil(unmanaged)).toBeNull();
});

test('a target rests no longer than the record of a vanished host is kept', async () => {
  const bench = await startRead(someInstances(2, { joined: true }), { labels: { enabled: false } });
  await bench.aws.change({ op: 'terminate-instance', instanceId: instanceId(0) });
  await scan(bench);
  const goneAtMs = (await bench.record(instanceId(0))).changedAtMs;
  const { goneMs, restMs } = bench.deps.timings;
  bench.advance(goneMs - restMs / 2);
  await bench.run('read-inventory', {});

  await scan(bench);

  expect(await restsUntil(bench)).toBe(goneAtMs + goneMs);
  bench.advance(restMs);
  expect(await scan(bench)).toMatchObject({ changed: 1 });
  expect(await bench.states()).toEqual({ joined: 1 });
});

test('another matcher ends the rest of what it owns now', async () => {
  const bench = await startRead(someInstances(1, { joined: true }));
  const other = bench.depsWith((facts) => ({
    discovery_service: { aws: [{ ...organizationMatcher(facts), tags: { env: 'dev' } }] },
  }));

  expect(await bench.run('scan-target', { target: TARGET }, other)).toMatchObject({ changed: 1 });

  expect(await bench.states()).toEqual({ unmatched: 1 });
});

test('a name that was given to a host ends the rest of its target, with and without labels', async () => {
  for (const enabled of [true, false]) {
    const bench = await startRead(someInstances(2, { joined: true, tags: { env: 'prod' } }), {
      labels: { enabled },
      shown_tags: ['Name'],
    });
    expect(await restsUntil(bench)).not.toBeNull();
    await bench.aws.change({
      op: 'set-tags',
      instanceId: instanceId(0),
      tags: { env: 'prod', Name: 'web-1', owner: 'not shown' },
    });

    await scan(bench);

    const records = await bench.records();
    expect(records.get(instanceId(0))?.tags).toEqual({ Name: 'web-1' });
    expect(records.get(instanceId(1))?.tags).toBeUndefined();
  }
});
