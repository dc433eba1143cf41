import { resumeScope } from '@muster/core/control/operator-acts';
import { ALL } from '@muster/core/control/scope';
import type { StoredRecord } from '@muster/core/enrollment/record';
import { readOrganizationStatus } from '@muster/core/reports/organization-status';
import { targetId } from '@muster/core/organization/target';
import type { WorldFile } from '@muster/aws-sim/world/file';
import { NEXT_SCHEMA, recordTexts, writeAsNextRelease } from '@muster/testing/next-release';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

/** A ledger that the next release has written to, under the handlers of this one. */
const startWorkerBench = useWorkerBench();

const [HELD, UNFIT, FAILED, IN_WAVE] = [instanceId(0), instanceId(1), instanceId(2), instanceId(3)];

const scan = (bench: WorkerBench) => bench.run('scan-target', { target: TARGET });
const install = (bench: WorkerBench) => bench.run('install-batch', { target: TARGET });

async function collect(bench: WorkerBench): Promise<void> {
  for (const { batchId } of await bench.intents()) {
    await bench.run('collect-command', { target: TARGET, batchId });
  }
}

/** A new state, a new cause of either kind, and a new field. */
function ofNextRelease(nowMs: number) {
  return (record: StoredRecord): object | null => {
    const { state: _, ...rest } = record;
    switch (record.instanceId) {
      case HELD:
        return { ...rest, state: 'awaiting-approval', approval: { by: null } };
      case UNFIT:
        return { ...rest, state: 'ineligible', cause: 'no-approval' };
      case FAILED:
        return {
          ...rest,
          state: 'failed',
          cause: 'host-of-tomorrow',
          nextAttemptAtMs: nowMs - 1,
          failures: 1,
        };
      case IN_WAVE:
        return { ...record, ring: 'canary' };
      default:
        return null;
    }
  };
}

async function startNext(hosts = 6): Promise<WorkerBench> {
  const bench = await startWorkerBench({ world: aWorld(someInstances(hosts)) });
  await bench.scanned();
  await writeAsNextRelease(bench.store, TARGET, ofNextRelease(bench.now()));
  return bench;
}

/** Two hosts on which an installer runs for about three seconds. */
function startSlow(): Promise<WorkerBench> {
  const latency: WorldFile['latency'] = {
    visibilityMs: [0, 0],
    pickupMs: [0, 0],
    installMs: [60_000, 60_000],
    transitionMs: [0, 0],
  };
  return startWorkerBench({ world: aWorld(someInstances(2), { latency }), speed: 20 });
}

test('what only the next release knows is lost by no scan, send or end of a command, and nothing is sent twice', async () => {
  const bench = await startNext();
  const before = await recordTexts(bench.store, TARGET);

  for (let round = 0; round < 2; round += 1) {
    await scan(bench);
    await install(bench);
    await bench.commandsEnded();
    await collect(bench);
  }

  const after = await recordTexts(bench.store, TARGET);
  expect(after[HELD]).toBe(before[HELD]);
  expect(after[UNFIT]).toBe(before[UNFIT]);
  expect(await bench.record(IN_WAVE)).toMatchObject({ state: 'installed', ring: 'canary' });
  expect(await bench.record(FAILED)).toMatchObject({ state: 'installed' });
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0, perInstance: { '0': 2, '1': 4 } });
  expect(await bench.findings()).toEqual([]);
});

test('the figures count a state and a cause of the next release under their own words, and their sums hold', async () => {
  const bench = await startNext();

  const { instances } = await readOrganizationStatus(bench.ledger, bench.now());

  expect(instances).toEqual({
    total: 6,
    byState: { 'awaiting-approval': 1, failed: 1, ineligible: 1, queued: 3 },
    byCause: { 'host-of-tomorrow': 1, 'no-approval': 1 },
  });
});

test('a target in which all wait for the next release is not looked at again and again', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await writeAsNextRelease(bench.store, TARGET, (record) => ({ ...record, state: 'awaiting-approval' }));

  await scan(bench);

  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'idle' });
  expect(await bench.dueAt('install', targetId(TARGET))).toBeNull();
  expect(await bench.intents()).toEqual([]);
});

test('the end of a command whose host the next release has moved on is merged, and its intent ends', async () => {
  const bench = await startSlow();
  await bench.scanned();
  await install(bench);
  const { batchId } = await bench.intent();
  await writeAsNextRelease(bench.store, TARGET, (record) =>
    record.instanceId === HELD ? { ...record, state: 'canceling', requestedBy: 'an operator' } : null,
  );
  await scan(bench);
  await install(bench);
  expect(await bench.record(HELD)).toMatchObject({ state: 'unknown', storedState: 'canceling' });

  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId });

  expect(await bench.states()).toEqual({ installed: 2 });
  expect(await bench.record(HELD)).toMatchObject({ requestedBy: 'an operator' });
  expect(await bench.intents()).toEqual([]);
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0, perInstance: { '1': 2 } });
});

test('a live command that AWS shows is merged into a state that this release does not know', async () => {
  const bench = await startSlow();
  await bench.scanned();
  await install(bench);
  await writeAsNextRelease(bench.store, TARGET, (record) => {
    const kept = Object.entries(record).filter(([field]) => field !== 'batchId' && field !== 'commandId');
    return { ...Object.fromEntries(kept), state: 'awaiting-approval' };
  });
  await bench.ledger.enrollments.distrust(TARGET, bench.now());
  bench.advance(120_000);

  await install(bench);

  expect(await bench.states()).toEqual({ installing: 2 });
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0, perInstance: { '1': 2 } });
});

test('a pause whose scope only the next release knows stops every send, until an operator resumes all', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  const scope = 'unit:ou-ab12-cdefghij';
  const pause = { v: NEXT_SCHEMA, scope, atMs: bench.now(), by: 'operator', reason: 'a freeze' };
  await bench.store.redis.hset(bench.store.keys.pauses, scope, JSON.stringify(pause));

  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'paused' });
  await resumeScope(bench.deps, ALL);

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

test('an intent of the next release is followed to its end, and keeps its fields on the way', async () => {
  const bench = await startSlow();
  await bench.scanned();
  await install(bench);
  await writeAsNextRelease(bench.store, TARGET, () => null);
  const { intents } = bench.store.keys.target(TARGET);
  const [text = ''] = await bench.store.redis.hvals(intents);
  expect(text).toContain(`{"v":${NEXT_SCHEMA},"ring":2,`);

  await collect(bench);

  expect((await bench.store.redis.hvals(intents)).join('')).toMatch(
    /"polls":1.*"ring":2|"ring":2.*"polls":1/,
  );
  await bench.commandsEnded();
  await collect(bench);
  expect(await bench.states()).toEqual({ installed: 2 });
});

test('an instance in a state of the next release keeps its record when its account leaves, and the others are deleted', async () => {
  const bench = await startNext(5);
  const before = await recordTexts(bench.store, TARGET);
  bench.front.rewrite = (operation, answer) =>
    operation === 'ListAccounts'
      ? { ...answer, body: answer.body.replaceAll(`"Id":"${ACCOUNT}"`, '"Id":"000000000000"') }
      : answer;
  await bench.run('list-accounts', {});

  await scan(bench);
  bench.advance(8 * 24 * 3_600_000);
  await scan(bench);

  expect(await recordTexts(bench.store, TARGET)).toEqual({ [HELD]: before[HELD] });
});

test('candidates of a state that only the next release knows hide no other one, and make no job spin', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  const { redis, keys } = bench.store;
  const { instances, candidates } = keys.target(TARGET);
  const record = await bench.record(HELD);
  for (let n = 1000; n < 1250; n += 1) {
    const text = JSON.stringify({ v: NEXT_SCHEMA, ...record, instanceId: instanceId(n), state: 'in-wave' });
    await redis.hset(instances, instanceId(n), `7|in-wave||1||${text}`);
    await redis.zadd(candidates, 1, instanceId(n));
  }

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 1 });

  expect(await redis.zcard(candidates)).toBe(250);
  expect(await bench.dueAt('install', targetId(TARGET))).toBeGreaterThan(bench.now() + 1_000);
  expect(await bench.findings()).toEqual([]);
});
