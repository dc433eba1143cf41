import type { WorldChange } from '@muster/aws-sim/world/change';
import type { ConfigPart } from '@muster/testing/system-config';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const LOST_AFTER_MS = 15 * 60_000;
const HOST = instanceId(0);

const readInventory = (bench: WorkerBench) => bench.run('read-inventory', {});
const scan = (bench: WorkerBench) => bench.run('scan-target', { target: TARGET });
const change = (bench: WorkerBench, op: WorldChange['op'] & `${string}-${string}`) =>
  bench.aws.change({ op, instanceId: HOST } as WorldChange);

/** Hosts that have joined, in a target at rest. */
async function startJoined(count = 2, muster: ConfigPart = {}): Promise<WorkerBench> {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(count, { joined: true })),
    config: { muster: { inventory: { source: 'tctl' }, ...muster } },
  });
  await readInventory(bench);
  await bench.scanned();
  await scan(bench);
  bench.advance(60_000);
  return bench;
}

/** The agent of the first host dies, and Teleport has forgotten its node. */
async function loseNode(bench: WorkerBench, id = HOST): Promise<void> {
  await bench.aws.change({ op: 'lose-node', instanceId: id });
  await fetch(`${bench.teleport.url}/_sim/nodes/${ACCOUNT}/${id}?at-once=true`, { method: 'DELETE' });
}

/** Reads the inventory and scans, `afterMs` from now. */
async function look(bench: WorkerBench, afterMs = 0): Promise<void> {
  bench.advance(afterMs);
  await readInventory(bench);
  await scan(bench);
}

/** The first host is lost; SSM was asked. */
async function startLost(count = 2, muster: ConfigPart = {}): Promise<WorkerBench> {
  const bench = await startJoined(count, muster);
  await loseNode(bench);
  await look(bench);
  await look(bench, LOST_AFTER_MS);
  expect(await bench.record(HOST)).toMatchObject({ state: 'lost' });
  return bench;
}

test('a node that a reading misses is missing at once, also of a target at rest, and its host is lost after its time', async () => {
  const bench = await startJoined();
  const { begunAtMs: lastSeenAtMs } = await bench.ledger.nodes.facts();
  await loseNode(bench);

  await readInventory(bench);
  const { begunAtMs: sinceMs } = await bench.ledger.nodes.facts();
  expect(await bench.record(HOST)).toMatchObject({ state: 'joined', missing: { sinceMs, lastSeenAtMs } });
  await look(bench, LOST_AFTER_MS - 120_000);
  expect(await bench.states()).toEqual({ joined: 2 });
  await look(bench, 120_000);

  expect(await bench.record(HOST)).toMatchObject({
    state: 'lost',
    cause: 'node-lost',
    repairAtMs: expect.any(Number),
    missing: { sinceMs, lastSeenAtMs },
  });
  expect(await bench.states()).toEqual({ joined: 1, lost: 1 });
  expect(await bench.ledger.enrollments.counts()).toMatchObject({ causes: new Map([['node-lost', 1]]) });
});

test('the time that no reading begins after proves nothing: an old snapshot makes no host lost', async () => {
  const bench = await startJoined();
  await loseNode(bench);
  await readInventory(bench);
  bench.advance(LOST_AFTER_MS + 60_000);
  bench.teleport.setFaults({ inventory: 'error' });

  await look(bench);
  expect(await bench.states()).toEqual({ joined: 2 });

  bench.teleport.setFaults({ inventory: 'ok' });
  await look(bench);
  expect(await bench.states()).toEqual({ joined: 1, lost: 1 });
});

test('a reading that lost too many nodes makes none missing, and holds repairs too', async () => {
  const bench = await startLost(25);
  bench.teleport.setFaults({ inventory: 'empty' });
  await readInventory(bench);

  await look(bench, LOST_AFTER_MS);
  await look(bench, LOST_AFTER_MS);

  expect(await bench.states()).toEqual({ joined: 24, lost: 1 });
  const records = [...(await bench.records()).values()];
  expect(records.filter(({ missing }) => missing !== undefined)).toHaveLength(1);
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({
    sent: 0,
    stopped: 'inventory',
  });
});

test.each([
  ['stopped', 'stop-instance', 'stopped'],
  ['terminated', 'terminate-instance', 'gone'],
] as const)('a host that was %s is not lost', async (_what, op, state) => {
  const bench = await startJoined();
  await change(bench, op);
  await loseNode(bench);

  await look(bench);
  await look(bench, LOST_AFTER_MS);

  expect(await bench.states()).toEqual({ joined: 1, [state]: 1 });
  expect((await bench.record(HOST)).missing).toBeUndefined();
});

test('a node that comes back before its time leaves no trace, and none after it needs a send', async () => {
  const bench = await startJoined();
  await loseNode(bench);
  await look(bench);
  await change(bench, 'restore-node');
  await look(bench, 60_000);
  expect((await bench.record(HOST)).missing).toBeUndefined();

  bench.advance(60_000);
  await loseNode(bench);
  await look(bench);
  await look(bench, LOST_AFTER_MS);
  expect(await bench.states()).toEqual({ joined: 1, lost: 1 });
  await change(bench, 'restore-node');
  await look(bench, 60_000);

  expect(await bench.states()).toEqual({ joined: 2 });
  expect((await bench.record(HOST)).missing).toBeUndefined();
  expect(await bench.sentSizes()).toEqual([]);
});

test('a node that was back between two scans is missing since it went again, and not since it went first', async () => {
  const bench = await startJoined();
  await loseNode(bench);
  await readInventory(bench);
  await change(bench, 'restore-node');
  bench.advance(60_000);
  await readInventory(bench);
  bench.advance(LOST_AFTER_MS - 120_000);
  await loseNode(bench);
  await readInventory(bench);

  await look(bench, 120_000);
  expect(await bench.states()).toEqual({ joined: 2 });
  await look(bench, LOST_AFTER_MS);

  expect(await bench.states()).toEqual({ joined: 1, lost: 1 });
});

test('a lost host that is back by the time of its repair is not sent to', async () => {
  const bench = await startLost();
  await change(bench, 'restore-node');
  bench.advance(60_000);
  await readInventory(bench);

  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });

  expect(await bench.states()).toEqual({ joined: 2 });
});

test('a repair goes by a reading of just now: a host that came back since the last one is not sent to', async () => {
  const bench = await startLost();
  await change(bench, 'restore-node');
  bench.advance(45_000);

  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0, stopped: 'repair' });
  expect(await bench.dueAt('inventory', ORGANIZATION_MEMBER)).toBeLessThanOrEqual(bench.now());
  await readInventory(bench);
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });

  expect(await bench.states()).toEqual({ joined: 2 });
  expect(await bench.sentSizes()).toEqual([]);
});

test('a lost host whose SSM agent is silent is told so, and is repaired once SSM shows it online', async () => {
  const bench = await startJoined();
  await loseNode(bench);
  await bench.aws.change({ op: 'set-ssm', instanceId: HOST, ssm: { pingStatus: 'ConnectionLost' } });
  await look(bench);
  await look(bench, LOST_AFTER_MS);
  expect(await bench.record(HOST)).toMatchObject({ cause: 'node-lost-host-silent', repairAtMs: null });
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });

  await bench.aws.change({ op: 'set-ssm', instanceId: HOST, ssm: { pingStatus: 'Online' } });
  await look(bench, 60_000);

  expect(await bench.record(HOST)).toMatchObject({ cause: 'node-lost', repairAtMs: expect.any(Number) });
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 1, instances: 1 });
});

test('a lost host is repaired by the same installer and protocol, and is joined again', async () => {
  const bench = await startLost();

  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 1, instances: 1 });
  const { batchId } = await bench.intent();
  expect(await bench.record(HOST)).toMatchObject({ state: 'installing', batchId });
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId });
  bench.advance(60_000);
  await readInventory(bench);
  await bench.run('verify-joined', { target: TARGET });

  expect(await bench.record(HOST)).toMatchObject({ state: 'joined', attemptCount: 1 });
  expect((await bench.record(HOST)).missing).toBeUndefined();
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0, afterJoined: 0 });
});

test('a repair that fails is a failure with its cause, tried again after its back-off', async () => {
  const bench = await startLost();
  await bench.aws.change({ op: 'set-outcome', instanceId: HOST, outcome: { kind: 'exits', exitCode: 103 } });

  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId });

  expect(await bench.record(HOST)).toMatchObject({
    state: 'failed',
    cause: 'host-disk-full',
    failures: 1,
    missing: { lastSeenAtMs: expect.any(Number) },
  });
});

test('repairs have a cap of their own, and new hosts do not wait for them', async () => {
  const bench = await startJoined(4, { repair: { in_flight: 1 } });
  for (const n of [0, 1, 2]) await loseNode(bench, instanceId(n));
  await look(bench);
  const instance = { region: TARGET.region, id: instanceId(9), ssm: { registersAfterMs: 0 } };
  await bench.aws.change({ op: 'launch-instances', accountId: ACCOUNT, instance });
  await look(bench, LOST_AFTER_MS);
  expect(await bench.states()).toEqual({ joined: 1, lost: 3, queued: 1 });

  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({
    sent: 2,
    instances: 2,
    stopped: 'repair',
  });

  expect(await bench.states()).toEqual({ joined: 1, lost: 2, installing: 2 });
  const wait = await bench.ledger.waits.of(TARGET);
  expect(wait).toMatchObject({ reason: 'repair' });
  expect(await bench.ledger.caps.places()).toMatchObject(
    expect.arrayContaining([
      expect.objectContaining({ kind: 'repair' }),
      expect.objectContaining({ kind: 'install' }),
    ]),
  );
});

test('repairs have a limit per hour, which the next hour renews', async () => {
  // All nodes end within the hour that passes here.
  const bench = await startJoined(4, {
    repair: { per_hour: 2 },
    inventory: { source: 'tctl', max_drop_share: 1 },
  });
  for (const n of [0, 1, 2]) await loseNode(bench, instanceId(n));
  await look(bench);
  await look(bench, LOST_AFTER_MS);

  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ instances: 2 });
  bench.advance(30 * 60_000);
  await readInventory(bench);
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({
    sent: 0,
    stopped: 'repair',
  });
  bench.advance(32 * 60_000);
  await readInventory(bench);

  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ instances: 1 });
});

test('nothing is repaired while repairs are off', async () => {
  const bench = await startLost(2, { repair: { enabled: false } });

  expect(await bench.record(HOST)).toMatchObject({ cause: 'node-lost', repairAtMs: null });
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });
});

test('a joined record that no two snapshots tell of is missed by the next scan: of an older release, or after a loss', async () => {
  const bench = await startJoined();
  // What an older release leaves: a snapshot that cannot be compared, and a target at rest.
  const { redis, keys } = bench.store;
  const { generation } = await bench.ledger.nodes.facts();
  await redis.del(keys.nodeDigests(generation ?? ''));
  await redis.hdel(keys.inventory, 'comparedSinceMs');
  await loseNode(bench);

  await readInventory(bench);
  expect((await bench.record(HOST)).missing).toBeUndefined();
  await scan(bench);
  const { begunAtMs } = await bench.ledger.nodes.facts();
  expect(await bench.record(HOST)).toMatchObject({ missing: { sinceMs: begunAtMs, lastSeenAtMs: null } });
  await look(bench, LOST_AFTER_MS);

  expect(await bench.states()).toEqual({ joined: 1, lost: 1 });
});

test('a worker that dies between telling the records and the new snapshot loses nothing, and tells nothing twice', async () => {
  const bench = await startJoined();
  await loseNode(bench);
  const before = await bench.ledger.nodes.facts();
  await readInventory(bench);
  const told = await bench.record(HOST);
  // As if it had died: the snapshot before is the current one.
  await bench.ledger.nodes.publish(before);
  bench.advance(1_000);

  // A scan in between sees the node in the old snapshot, which says nothing of the time since.
  await scan(bench);
  expect(await bench.record(HOST)).toMatchObject({ missing: told.missing });
  await readInventory(bench);

  expect(await bench.record(HOST)).toMatchObject({ missing: told.missing });
});

test('a host that came back from a stop and does not rejoin is lost, and repaired', async () => {
  const bench = await startJoined();
  await change(bench, 'stop-instance');
  await look(bench);
  await change(bench, 'start-instance');
  await loseNode(bench);
  await look(bench, 60_000);
  expect(await bench.states()).toEqual({ joined: 1, installed: 1 });

  bench.advance(6 * 60_000);
  await readInventory(bench);
  await bench.run('verify-joined', { target: TARGET });
  expect(await bench.record(HOST)).toMatchObject({ state: 'lost', repairAtMs: null });
  await scan(bench);

  expect(await bench.record(HOST)).toMatchObject({ cause: 'node-lost', repairAtMs: expect.any(Number) });
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 1, instances: 1 });
});

test('a host whose agent was installed anew is known by the node that it has now', async () => {
  const bench = await startJoined();
  // A target at rest is compared again as soon as one of its instances has changed.
  await bench.aws.change({ op: 'stop-instance', instanceId: instanceId(1) });
  const { generation } = await bench.ledger.nodes.facts();
  const anew = { accountId: ACCOUNT, instanceId: HOST, nodeId: 'installed-anew', expiresAtMs: null };
  await bench.ledger.nodes.addNodes(generation ?? '', [anew], 3_600_000);

  await scan(bench);

  expect(await bench.record(HOST)).toMatchObject({ state: 'joined', nodeId: 'installed-anew' });
  expect((await bench.record(HOST)).missing).toBeUndefined();
});
