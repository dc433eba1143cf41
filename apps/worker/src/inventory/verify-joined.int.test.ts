import type { WrittenInstance } from '@muster/aws-sim/world/written';
import type { ConfigPart } from '@muster/testing/system-config';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { targetId } from '@muster/core/organization/target';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const verify = (bench: WorkerBench) => bench.run('verify-joined', { target: TARGET });

/** Hosts whose installer has ended. */
async function startInstalled(
  instances: readonly WrittenInstance[],
  muster: ConfigPart = {},
): Promise<WorkerBench> {
  const bench = await startWorkerBench({
    world: aWorld(instances),
    config: { muster: { inventory: { source: 'tctl' }, ...muster } },
  });
  await bench.run('read-inventory', {});
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId });
  expect(await bench.states()).toEqual({ installed: instances.length });
  return bench;
}

/** An installer that ends well on a host that never appears. */
const SILENT: WrittenInstance['outcome'] = { kind: 'exits', exitCode: 0 };

test('exit 0 is not success: the instance waits to be seen, and the inventory is due', async () => {
  const bench = await startInstalled(someInstances(1));

  const record = await bench.record(instanceId(0));
  expect(record).toMatchObject({
    state: 'installed',
    joinedAtMs: null,
    joinDeadlineMs: record.changedAtMs + bench.deps.config.install.joinTimeoutMs,
  });
  expect(await bench.dueAt('verify', targetId(TARGET))).not.toBeNull();
  const inventoryInMs = ((await bench.dueAt('inventory', ORGANIZATION_MEMBER)) ?? 0) - bench.now();
  expect(inventoryInMs).toBeLessThanOrEqual(bench.deps.timings.retryMs);
});

test('a host that a complete snapshot shows has joined, and nothing is left to verify', async () => {
  const bench = await startInstalled(someInstances(3));
  expect(await verify(bench)).toEqual({ joined: 0, failed: 0, waiting: 3 });
  await bench.run('read-inventory', {});

  expect(await verify(bench)).toEqual({ joined: 3, failed: 0, waiting: 0 });

  expect(await bench.states()).toEqual({ joined: 3 });
  expect(await bench.record(instanceId(0))).toMatchObject({ nodeId: expect.any(String), failures: 0 });
  expect(await bench.dueAt('verify', targetId(TARGET))).toBeNull();
});

test('a deadline counts only against a snapshot that was begun after it', async () => {
  const bench = await startInstalled(someInstances(1, { outcome: SILENT }));
  await bench.run('read-inventory', {});
  bench.advance(bench.deps.config.install.joinTimeoutMs + 1_000);

  expect(await verify(bench)).toEqual({ joined: 0, failed: 0, waiting: 1 });
  expect(await bench.states()).toEqual({ installed: 1 });

  await bench.run('read-inventory', {});
  expect(await verify(bench)).toEqual({ joined: 0, failed: 1, waiting: 0 });
  expect(await bench.record(instanceId(0))).toMatchObject({
    state: 'failed',
    cause: 'ec2-join-failure',
    failures: 1,
  });
});

test('no deadline passes on the word of an inventory that was refused', async () => {
  const bench = await startInstalled(someInstances(1, { outcome: SILENT }));
  bench.advance(bench.deps.config.install.joinTimeoutMs + 1_000);
  bench.teleport.setFaults({ inventory: 'truncated' });
  await bench.run('read-inventory', {});

  expect(await verify(bench)).toEqual({ joined: 0, failed: 0, waiting: 1 });
});

test('a host that joins late, after it was given up, is joined all the same', async () => {
  const bench = await startInstalled(someInstances(1, { outcome: SILENT }));
  bench.advance(bench.deps.config.install.joinTimeoutMs + 1_000);
  await bench.run('read-inventory', {});
  await verify(bench);
  expect(await bench.states()).toEqual({ failed: 1 });
  await fetch(`${bench.teleport.url}/_sim/nodes`, {
    method: 'POST',
    body: JSON.stringify({
      nodes: [{ accountId: ACCOUNT, region: TARGET.region, instanceId: instanceId(0) }],
    }),
  });
  bench.advance(1_000);
  expect(await bench.run('read-inventory', {})).toMatchObject({ nodes: 1 });

  await bench.run('scan-target', { target: TARGET });

  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'joined', failures: 0 });
});

test('hosts that never appear engage the brake as failed installs do', async () => {
  const bench = await startInstalled(someInstances(8, { outcome: SILENT }), {
    brake: { window: 8, min_outcomes: 4, max_failure_share: 0.5 },
  });
  expect(await bench.findings()).toEqual([]);
  bench.advance(bench.deps.config.install.joinTimeoutMs + 1_000);
  await bench.run('read-inventory', {});

  expect(await verify(bench)).toMatchObject({ failed: 8 });

  // One account alone never stops the others.
  expect(await bench.findings()).toEqual([`brake-engaged account:${ACCOUNT}`]);
  const [finding] = await bench.ledger.control.findings();
  expect(finding?.message).toContain('8 of 8 hosts sent to one after another failed (100 %)');
  expect(finding?.remedy).toContain(`muster resume --account ${ACCOUNT}.`);
});

test('a target in which no host waits ends its own work', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();

  expect(await verify(bench)).toEqual({ joined: 0, failed: 0, waiting: 0 });

  expect(await bench.dueAt('verify', targetId(TARGET))).toBeNull();
});

test('a host that was installed without an inventory has joined once there is one that shows it', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId });
  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'installed', joinDeadlineMs: null });
  const deps = bench.depsWith({ muster: { inventory: { source: 'tctl' } } });

  await bench.run('scan-target', { target: TARGET }, deps);
  await bench.run('read-inventory', {}, deps);

  expect(await bench.run('verify-joined', { target: TARGET }, deps)).toEqual({
    joined: 1,
    failed: 0,
    waiting: 0,
  });
});

test('a host that waits for its node gives its place back when the inventory is taken out of the configuration', async () => {
  const bench = await startInstalled(someInstances(1));
  expect(await bench.ledger.caps.places()).toHaveLength(1);

  await bench.run(
    'scan-target',
    { target: TARGET },
    bench.depsWith({ muster: { inventory: { source: 'none' } } }),
  );

  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'installed', joinDeadlineMs: null });
  expect(await bench.ledger.caps.places()).toEqual([]);
  expect(await bench.dueAt('verify', targetId(TARGET))).not.toBeNull();
  await verify(bench);
  expect(await bench.dueAt('verify', targetId(TARGET))).toBeNull();
});
