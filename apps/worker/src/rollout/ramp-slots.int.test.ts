import type { WrittenInstance } from '@muster/aws-sim/world/written';
import type { AccountId, MatcherKey } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import { readGateFacts } from '@muster/core/rollout/gate-facts';
import type { ConfigPart } from '@muster/testing/system-config';
import { selectionOf } from '@muster/core/rollout/selection/selection';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { pickBatch } from '../install/pick-batch.ts';
import { letInByRamps } from './ramp-slots.ts';
import { aWorld, instanceId, MANAGEMENT, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

/** The first sends of a matcher, as the handlers make them. */
const startWorkerBench = useWorkerBench();

/** An installer that ends well on hosts that never appear. */
const SILENT: WrittenInstance['outcome'] = { kind: 'exits', exitCode: 0 };
const RAMP: ConfigPart = { rollout: { ramp: { off: false } }, inventory: { source: 'tctl' } };
const PLACES: readonly Target[] = Array.from({ length: 6 }, (_, n) => ({
  ...TARGET,
  accountId: `44445555000${n}` as AccountId,
}));

/** The first of the hosts that no matcher selects at first. */
const LATER = 300;

/** Accounts with twelve hosts each, scanned. */
async function startFleet(
  facts: Partial<WrittenInstance>,
  { accounts = 1, muster = {} }: { readonly accounts?: number; readonly muster?: ConfigPart } = {},
): Promise<WorkerBench> {
  const places = PLACES.slice(0, accounts);
  const bench = await startWorkerBench({
    world: aWorld([], {
      accounts: [
        { id: MANAGEMENT },
        ...places.map(({ accountId }, n) => ({
          id: accountId,
          instances: [
            ...someInstances(12, facts, 20 * n),
            ...(n === 0 ? someInstances(12, { tags: { env: 'dev' } }, LATER) : []),
          ],
        })),
      ],
    }),
    config: { muster: { ...RAMP, ...muster } },
  });
  await bench.run('read-inventory', {});
  await bench.discover();
  for (const target of places) await bench.run('scan-target', { target });
  return bench;
}

/** Every target once, as the tick would. @returns instances sent to, by target */
async function installAll(bench: WorkerBench, places: readonly Target[]): Promise<readonly number[]> {
  const sent = [];
  for (const target of places) sent.push((await bench.run('install-batch', { target })).instances);
  return sent;
}

/** All commands to their ends, and the inventory after them. */
async function settle(bench: WorkerBench, places: readonly Target[]): Promise<void> {
  await bench.commandsEnded();
  for (const target of places) {
    for (const { batchId } of await bench.intents(target)) {
      await bench.run('collect-command', { target, batchId });
    }
  }
  await bench.run('read-inventory', {});
  for (const target of places) await bench.run('verify-joined', { target });
}

/** The matcher selects twelve hosts more of the first account. */
async function selectMore(bench: WorkerBench): Promise<void> {
  for (let n = 0; n < 12; n += 1) {
    await bench.aws.change({ op: 'set-tags', instanceId: instanceId(LATER + n), tags: { env: 'prod' } });
  }
}

/** Hosts that were there before they were wanted: the target's commands are listed before they are sent to. */
async function passListing(bench: WorkerBench): Promise<void> {
  bench.advance(120_000);
  await bench.run('read-inventory', {});
}

/** No account has taken its turn for a moment: the rest of the step is for the next target that asks. */
function passTurn(bench: WorkerBench): void {
  bench.advance(bench.deps.timings.retryMs);
}

test('the first sends begin with five hosts and double as they join, and the target is woken for each step', async () => {
  const bench = await startFleet({});
  const [place = TARGET] = PLACES;
  const target = [place];

  expect(await installAll(bench, target)).toEqual([3]);
  passTurn(bench);
  expect(await installAll(bench, target)).toEqual([2]);
  passTurn(bench);
  expect(await bench.run('install-batch', { target: place })).toEqual({
    sent: 0,
    instances: 0,
    stopped: 'ramp',
  });
  expect(await bench.ledger.waits.of(place)).toMatchObject({ reason: 'ramp' });
  const heldUntilMs = (await bench.dueAt('install', `${place.accountId}.${place.region}`)) ?? 0;
  expect(heldUntilMs).toBeGreaterThan(bench.now() + bench.deps.timings.heldMs);

  await settle(bench, target);

  const wokenAtMs = (await bench.dueAt('install', `${place.accountId}.${place.region}`)) ?? Number.NaN;
  expect(wokenAtMs).toBeLessThanOrEqual(bench.now());
  expect(await bench.ledger.ramps.all()).toMatchObject([
    { grown: 1, allJoined: 5, step: { size: 10, taken: 0 } },
  ]);
  passTurn(bench);
  expect(await installAll(bench, target)).toEqual([7]);
});

test('a step is spread over the accounts', async () => {
  const bench = await startFleet({}, { accounts: 6 });

  // Seven accounts are in scope: no account has more than one of five hosts.
  expect(await installAll(bench, PLACES)).toEqual([1, 1, 1, 1, 1, 0]);
});

test('of an installer that never joins five hosts are touched, and an operator is told', async () => {
  const bench = await startFleet({ outcome: SILENT }, { accounts: 3 });
  const places = PLACES.slice(0, 3);
  for (let round = 0; round < 4; round += 1) {
    await installAll(bench, places);
    passTurn(bench);
  }
  await settle(bench, places);
  bench.advance(bench.deps.config.install.joinTimeoutMs + 1_000);
  await bench.run('read-inventory', {});
  for (const target of places) await bench.run('verify-joined', { target });

  expect(await bench.findings()).toEqual([expect.stringMatching(/^ramp-stopped m:/)]);
  expect(bench.aws.report().installs.perInstance).toMatchObject({ '1': 5 });
  for (let round = 0; round < 3; round += 1) {
    bench.advance(24 * 3_600_000);
    await bench.run('read-inventory', {});
    expect(await installAll(bench, places)).toEqual([0, 0, 0]);
  }
  expect(await bench.ledger.waits.of(places[0] ?? TARGET)).toMatchObject({ reason: 'ramp' });
});

test('another matcher begins anew with five, and what joined through the first proves nothing of it', async () => {
  const bench = await startFleet({});
  const [place = TARGET] = PLACES;
  for (let round = 0; round < 4; round += 1) {
    await installAll(bench, [place]);
    passTurn(bench);
    await settle(bench, [place]);
  }
  expect(await bench.states(place)).toEqual({ joined: 12 });
  const matchers = bench.deps.config.matchers.map((one) => ({
    ...one,
    key: 'feedfeedfeedfeed' as MatcherKey,
  }));
  const changed = { ...bench.deps, config: { ...bench.deps.config, matchers } };
  await selectMore(bench);
  await bench.run('scan-target', { target: place }, changed);
  await passListing(bench);
  await bench.run('install-batch', { target: place }, changed);
  passTurn(bench);
  await bench.run('install-batch', { target: place }, changed);

  const ramps = await bench.ledger.ramps.all();
  expect(ramps.map(({ step }) => [step.size, step.taken])).toContainEqual([5, 5]);
});

test('a matcher through which hosts joined under a release without ramps has had its mass start', async () => {
  const bench = await startFleet({});
  const [place = TARGET] = PLACES;
  await bench.run(
    'install-batch',
    { target: place },
    bench.depsWith({ muster: { ...RAMP, rollout: { ramp: { off: true } } } }),
  );
  await settle(bench, [place]);
  expect(await bench.states(place)).toEqual({ joined: 12 });
  await selectMore(bench);
  await bench.run('scan-target', { target: place });
  await passListing(bench);

  expect(await installAll(bench, [place])).toEqual([12]);
  expect(await bench.ledger.ramps.all()).toEqual([]);
});

test('hosts of different systems are taken in turn', async () => {
  const bench = await startFleet({});
  const [place = TARGET] = PLACES;
  for (const n of [9, 10, 11]) {
    await bench.aws.change({ op: 'set-ssm', instanceId: instanceId(n), ssm: { platformName: 'Ubuntu' } });
    await bench.store.redis.hdel(bench.store.keys.target(place).instances, instanceId(n));
    await bench.store.redis.zrem(bench.store.keys.target(place).candidates, instanceId(n));
  }
  await bench.run('scan-target', { target: place });
  passTurn(bench);

  await installAll(bench, [place]);
  passTurn(bench);
  await installAll(bench, [place]);

  const records = await bench.records(place);
  const sent = [...records.values()].filter(({ state }) => state !== 'queued');
  expect(sent.filter(({ platform }) => platform === 'Ubuntu').length).toBeGreaterThanOrEqual(2);
});

test('hosts of a matcher whose ramp is over do not wait behind those of one whose step is full', async () => {
  const bench = await startFleet({});
  const [place = TARGET] = PLACES;
  const key = 'feedfeedfeedfeed' as MatcherKey;
  const [first] = bench.deps.config.matchers;
  if (first === undefined) throw new Error('there is no matcher');
  const other = { ...first, key, tags: [{ key: 'env', values: ['dev'] }] };
  const both = { ...bench.deps, config: { ...bench.deps.config, matchers: [first, other] } };
  await bench.ledger.ramps.noteOldMatchers([key], bench.now());
  const { acceptedId } = await bench.ledger.selection.gate();
  await bench.ledger.selection.accept(selectionOf(both.config.matchers), acceptedId);
  await bench.run('scan-target', { target: place }, both);
  await passListing(bench);

  await bench.run('install-batch', { target: place }, both);

  const records = await bench.records(place);
  const states = Map.groupBy(records.values(), ({ matcherKey }) => matcherKey);
  expect(states.get(key)?.map(({ state }) => state)).toEqual(Array.from({ length: 12 }, () => 'installing'));
  expect(states.get(first.key)?.filter(({ state }) => state === 'installing').length).toBeLessThanOrEqual(5);
  expect(await bench.ledger.waits.of(place)).toMatchObject({ reason: 'ramp' });
});

test('a target that asks while its ramp ends is looked at again soon', async () => {
  const bench = await startFleet({});
  const [place = TARGET] = PLACES;
  await installAll(bench, [place]);
  passTurn(bench);
  const { deps } = bench;
  const gates = await readGateFacts({ ...deps, nowMs: bench.now() }, place);
  const { batch } = await pickBatch(place, { matchers: deps.config.matchers, gates, limit: 50 }, deps);
  const [ramp] = await bench.ledger.ramps.all();
  if (batch === null || ramp === undefined) throw new Error('nothing waits for a ramp');

  await bench.ledger.ramps.decide(ramp, { kind: 'end' }, bench.now());

  expect(await letInByRamps(place, batch, gates, deps)).toEqual({ kind: 'none', soon: true });
});

/** A host that was lost, beside twelve that begin with five; those five have not ended. */
async function startBesideLost(): Promise<WorkerBench> {
  const bench = await startWorkerBench({
    world: aWorld([...someInstances(1, { joined: true }), ...someInstances(12, {}, 20)]),
    config: { muster: RAMP },
  });
  await bench.run('read-inventory', {});
  await bench.scanned();
  await install(bench);
  passTurn(bench);
  await install(bench);
  await bench.aws.change({ op: 'lose-node', instanceId: instanceId(0) });
  await fetch(`${bench.teleport.url}/_sim/nodes/${TARGET.accountId}/${instanceId(0)}?at-once=true`, {
    method: 'DELETE',
  });
  for (const afterMs of [0, LOST_AFTER_MS]) {
    bench.advance(afterMs);
    await bench.run('read-inventory', {});
    await bench.run('scan-target', { target: TARGET });
  }
  expect(await bench.states()).toEqual({ installing: 5, lost: 1, queued: 7 });
  return bench;
}

const LOST_AFTER_MS = 15 * 60_000;
const install = (bench: WorkerBench) => bench.run('install-batch', { target: TARGET });

test('the repair of a lost host waits behind no ramp of its own matcher', async () => {
  const bench = await startBesideLost();
  // The reading is too old for a repair.
  bench.advance(45_000);

  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'repair' });
  const inMs = ((await bench.dueAt('install', targetId(TARGET))) ?? Number.NaN) - bench.now();
  expect(inMs).toBeLessThanOrEqual(bench.deps.timings.retryMs);
  await bench.run('read-inventory', {});

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 1, stopped: 'ramp' });
  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'installing' });
});

test('a target whose hosts wait for a ramp is looked at again when another candidate is due', async () => {
  const bench = await startFleet({});
  const [place = TARGET] = PLACES;
  const last = instanceId(11);
  const { version, value } = (await bench.ledger.enrollments.readAll(place)).get(last) ?? {};
  if (version === undefined || value?.state !== 'queued') throw new Error('it is queued');
  const later = { ...value, readyAtMs: bench.now() + 90_000 };
  await bench.ledger.enrollments.write(
    place,
    'each',
    [{ instanceId: last, expected: version, value: later }],
    [],
  );
  await installAll(bench, [place]);
  passTurn(bench);
  await installAll(bench, [place]);
  passTurn(bench);

  expect(await bench.run('install-batch', { target: place })).toMatchObject({ stopped: 'ramp' });

  expect(await bench.dueAt('install', targetId(place))).toBeLessThan(later.readyAtMs + 5_000);
});
