import { createRedisLedger, type Ledger } from '@muster/core/control/ledger';
import { causeOf, stateOf } from '@muster/core/enrollment/record';
import type { InstanceId } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import { closeRedis } from '@muster/core/redis/connection';
import { createClock } from '@muster/core/runtime/clock';
import type { Clock } from '@muster/core/runtime/clock-port';
import {
  aCoverage,
  anAccountId,
  anInstanceId,
  aRecord,
  aTarget,
  recordingLog,
  seededRandom,
} from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { afterEach, expect, test } from 'vitest';
import { type Release, thisRelease } from '@muster/core/runtime/release';
import { createFollower, type Follower, type ModelChange } from './follow-ledger.ts';
import { findInstances } from './instance-counts.ts';
import { listInstances } from './instance-list.ts';
import { type Model, openModel } from './model.ts';
import { aRandomRecord } from './random-fleet.fixture.ts';

const bench = useLedgerBench();
const open: Model[] = [];
afterEach(() => {
  for (const model of open.splice(0)) model.db.close();
});

interface Followed {
  readonly model: Model;
  readonly follower: Follower;
  readonly changes: ModelChange[];
}

/** A follower of the ledger, as a scheduler has it; with `model`, of a copy that another one left behind. */
function follow(ledger: Ledger, model = openModel(), clock: Clock = createClock()): Followed {
  if (!open.includes(model)) open.push(model);
  const changes: ModelChange[] = [];
  const deps = { ledger, model, clock, log: recordingLog() };
  return {
    model,
    changes,
    follower: createFollower({ ...deps, onChange: (change) => changes.push(change) }),
  };
}

async function catchUp({ follower }: Followed): Promise<void> {
  while (await follower.step());
}

const TARGETS = Array.from({ length: 6 }, (_, n) => aTarget(n, n % 2 === 0 ? 'eu-west-1' : 'us-east-1'));

async function write(ledger: Ledger, target: Target, n: number, random: () => number): Promise<void> {
  const instanceId = anInstanceId(n);
  const [before] = (await ledger.enrollments.read(target, [instanceId])).values();
  const value = random() < 0.2 ? null : aRandomRecord(n, random);
  if (before === undefined && value === null) return;
  await ledger.enrollments.write(target, 'each', [{ instanceId, expected: before?.version ?? 0, value }], []);
}

/** Every record of the ledger as a row, found target by target. */
async function rowsOfLedger(ledger: Ledger): Promise<readonly string[]> {
  const rows: string[] = [];
  for (const target of TARGETS) {
    for (const { version, value } of (await ledger.enrollments.readAll(target)).values()) {
      const words = [stateOf(value), causeOf(value) ?? '', value.wave ?? '', value.tags?.['Name'] ?? ''];
      rows.push([value.instanceId, targetId(target), ...words, value.attemptCount, version].join('|'));
    }
  }
  return rows.toSorted();
}

function rowsOfModel(model: Model): readonly string[] {
  const versions = new Map(
    model.instances
      .targets()
      .flatMap((target) =>
        [...model.instances.versionsOf(target)].map(([id, version]) => [
          `${id}|${targetId(target)}`,
          version,
        ]),
      ),
  );
  const rows = listInstances(model, {}, { limit: 1_000, sort: [], after: null }).items.map((row) => {
    const key = `${row.instanceId}|${row.accountId}.${row.region}`;
    const words = [row.state, row.cause ?? '', row.wave ?? '', row.name];
    return [key, ...words, row.attempts, versions.get(key)].join('|');
  });
  return rows.toSorted();
}

/** What the tallies say, and what they should: counted from the rows. */
function talliesOf(model: Model): readonly [readonly string[], readonly string[]] {
  const { tallies } = model;
  const counted = new Map<string, number>();
  for (const row of listInstances(model, {}, { limit: 1_000, sort: [], after: null }).items) {
    const { accountId, region, state, cause, wave, matcher, platform } = row;
    const facts = [accountId, region, state, cause, wave, matcher, platform]
      .map((word) => word ?? '')
      .join('|');
    counted.set(facts, (counted.get(facts) ?? 0) + 1);
  }
  const told = [...tallies.byTarget().values()].flat().map((n) => {
    const facts = FACTS.map((fact) => tallies.wordOf(fact, n));
    return [...facts, tallies.hosts()[n]].join('|');
  });
  return [told.toSorted(), [...counted].map(([facts, hosts]) => `${facts}|${hosts}`).toSorted()];
}

const FACTS = ['account', 'region', 'state', 'cause', 'wave', 'matcher', 'platform'] as const;

async function expectToAgree(one: Followed, ledger: Ledger): Promise<void> {
  await catchUp(one);
  expect(rowsOfModel(one.model)).toEqual(await rowsOfLedger(ledger));
  const [told, counted] = talliesOf(one.model);
  expect(told).toEqual(counted);
}

test.each([1, 2, 3, 4])(
  'whatever is written, cut off or killed, the rows come to be what the ledger says (seed %i)',
  async (seed) => {
    const made = bench.create();
    const { ledger, redis, keys } = made;
    const random = seededRandom(seed);
    let one = follow(made.another());
    for (let round = 0; round < 60; round += 1) {
      const writes = Array.from({ length: Math.ceil(random() * 8) }, async () => {
        const target = TARGETS[Math.floor(random() * TARGETS.length)] ?? aTarget();
        await write(ledger, target, Math.floor(random() * 40), random);
      });
      const step = random() < 0.6 ? one.follower.step() : null;
      await Promise.all(writes);
      await step;
      const fate = random();
      // A follower that is killed leaves its rows as they were; the next one begins with them.
      if (fate < 0.08) one = follow(made.another(), one.model);
      else if (fate < 0.14) await redis.xtrim(keys.changes, 'MAXLEN', 1);
      else if (fate < 0.18) await redis.set(keys.epoch, `another-${round}`);
      else if (fate < 0.22) await redis.del(keys.changes, keys.placeChanges);
      if (round % 20 === 19) await expectToAgree(one, ledger);
    }

    await expectToAgree(one, ledger);
    expect(rowsOfModel(one.model).length).toBeGreaterThan(20);
  },
);

async function begun(): Promise<TestLedger & Followed> {
  const made = bench.create();
  const followed = follow(made.another());
  await catchUp(followed);
  return { ...made, ...followed };
}

test('a record that changes nothing but its wave, and one that is deleted or set aside, are followed without a rebuild', async () => {
  const { ledger, redis, keys, model, follower, changes } = await begun();
  const target = aTarget();
  const put = async (n: number, wave: string): Promise<void> => {
    const instanceId = anInstanceId(n);
    const [before] = (await ledger.enrollments.read(target, [instanceId])).values();
    const value = aRecord('joined', { instanceId, wave });
    await ledger.enrollments.write(
      target,
      'each',
      [{ instanceId, expected: before?.version ?? 0, value }],
      [],
    );
  };
  await put(1, 'first');
  await put(2, 'first');
  await follower.step();
  await put(1, 'rest');
  await follower.step();
  expect(findInstances(model, { wave: ['rest'] }).counts.total).toBe(1);

  await redis.hset(keys.target(target).instances, anInstanceId(2), 'no record');
  await ledger.enrollments.setAsideUnreadable(target);
  const [record] = (await ledger.enrollments.read(target, [anInstanceId(1)])).values();
  const gone = { instanceId: anInstanceId(1), expected: record?.version ?? 0, value: null };
  await ledger.enrollments.write(target, 'each', [gone], []);
  await follower.step();

  expect(rowsOfModel(model)).toEqual([]);
  expect(follower.state().rebuilds).toBe(1);
  expect(changes.at(-1)?.instances?.toSorted()).toEqual([anInstanceId(1), anInstanceId(2)]);
});

test('accounts, coverage and denials are followed as they change', async () => {
  const { ledger, model, follower } = await begun();
  const accountId = anAccountId();
  const target = aTarget();
  const read = () => [...model.places.coverages()].map(([id, { status }]) => `${id} ${status}`);
  await ledger.coverage.putAccounts([{ accountId, name: 'shop', state: 'ACTIVE', ancestorIds: ['r-1'] }]);
  await ledger.coverage.putRegions(accountId, [target.region], 5);
  await follower.step();
  expect(read()).toEqual([`${accountId}.eu-west-1 pending`]);

  await ledger.coverage.put(target, aCoverage());
  await follower.step();
  expect(read()).toEqual([`${accountId}.eu-west-1 complete`]);

  await ledger.coverage.denyAccount(
    accountId,
    aCoverage({ status: 'denied', cause: 'ec2-perm-account-denied' }),
  );
  await follower.step();
  expect(read()).toEqual([`${accountId}.* denied`]);

  await ledger.coverage.removeAccount(accountId);
  await follower.step();
  expect(read()).toEqual([]);
  expect([...model.places.accounts()]).toEqual([]);
});

test('what was in the stream before the start is told of an instance, and what comes is added', async () => {
  const made = bench.create();
  const { ledger } = made;
  const target = aTarget();
  const instanceId: InstanceId = anInstanceId(1);
  const value = aRecord('queued', { instanceId });
  await ledger.enrollments.write(target, 'each', [{ instanceId, expected: 0, value }], []);
  const one = follow(made.another());
  await catchUp(one);
  const [before] = (await ledger.enrollments.read(target, [instanceId])).values();
  const joined = aRecord('joined', { instanceId });
  await ledger.enrollments.write(
    target,
    'each',
    [{ instanceId, expected: before?.version ?? 0, value: joined }],
    [],
  );
  await catchUp(one);

  expect(one.model.transitions.of(instanceId)).toMatchObject({
    transitions: [
      { from: null, to: 'queued' },
      { from: 'queued', to: 'joined' },
    ],
    sinceMs: null,
  });
});

test('rows answer while they are compared anew, and their age says that they are', async () => {
  const made = bench.create();
  const { ledger } = made;
  for (let n = 0; n < 6; n += 1) await write(ledger, TARGETS[n] ?? aTarget(), n, () => 0.9);
  const one = follow(made.another());
  expect(one.follower.state()).toMatchObject({ asOfMs: null, rebuilding: true });
  await catchUp(one);
  const { asOfMs } = one.follower.state();
  expect(one.follower.state()).toMatchObject({ rebuilding: false, rebuilds: 1, rows: 6 });

  const next = follow(made.another(), one.model);
  await next.follower.step();

  expect(one.model.tallies.total()).toBe(6);
  expect(asOfMs).toBeGreaterThan(Date.now() - 60_000);
});

test.each([
  ['the ledger has become another one', 5_000, true],
  ['sums differ from those of the ledger', 300_000, false],
])('what was written without being told is found when %s', async (_, afterMs, isOther) => {
  const made = bench.create();
  const { ledger, redis, keys } = made;
  let monotonicMs = 1_000;
  const one = follow(made.another(), openModel(), { ...createClock(), monotonicMs: () => monotonicMs });
  for (let n = 0; n < 3; n += 1) await write(ledger, aTarget(), n, () => 0.9);
  await catchUp(one);
  const { instances, counts } = keys.target(aTarget());
  await redis.hdel(instances, anInstanceId(1));
  if (isOther) await redis.set(keys.epoch, 'another');
  else await redis.del(counts, keys.counts);
  await catchUp(one);
  expect(one.model.tallies.total()).toBe(3);

  monotonicMs += afterMs;
  await one.follower.step();
  await catchUp(one);

  expect(one.model.tallies.total()).toBe(2);
  expect(one.follower.state().rebuilds).toBe(2);
});

test.each(['the start', 'a cut of the stream', 'another ledger'])(
  'rows that could not be compared after %s are never told as fresh, and are compared once Redis answers',
  async (when) => {
    const made = bench.create();
    const { ledger, redis, keys } = made;
    let monotonicMs = 1_000;
    const one = follow(made.another(), openModel(), { ...createClock(), monotonicMs: () => monotonicMs });
    for (let n = 0; n < 3; n += 1) await write(ledger, aTarget(), n, () => 0.9);
    await ledger.coverage.putAccounts([
      { accountId: anAccountId(), name: 'shop', state: 'ACTIVE', ancestorIds: [] },
    ]);
    if (when !== 'the start') await catchUp(one);
    const { asOfMs, rebuilds } = one.follower.state();
    await redis.hdel(keys.target(aTarget()).instances, anInstanceId(1));
    if (when === 'a cut of the stream') await redis.del(keys.changes);
    if (when === 'another ledger') {
      await redis.set(keys.epoch, 'another');
      monotonicMs += 5_000;
    }
    // Accounts are the last but one of what a comparison asks for.
    await redis.rename(keys.accounts, `${keys.accounts}:aside`);
    await redis.set(keys.accounts, 'no hash');

    for (let n = 0; n < 4; n += 1) await one.follower.step().catch(() => undefined);
    expect(one.follower.state()).toMatchObject({ asOfMs, rebuilds, rebuilding: true });

    await redis.rename(`${keys.accounts}:aside`, keys.accounts);
    await catchUp(one);
    expect(one.model.tallies.total()).toBe(2);
    expect([...one.model.places.accounts()].map(({ name }) => name)).toEqual(['shop']);
    expect(one.follower.state()).toMatchObject({ rebuilds: rebuilds + 1, rebuilding: false });
  },
);

test('places that could not be read after a cut of their stream are read with a later step', async () => {
  const { ledger, redis, keys, model, follower } = await begun();
  const accountId = anAccountId();
  await ledger.coverage.putAccounts([{ accountId, name: 'shop', state: 'ACTIVE', ancestorIds: [] }]);
  await follower.step();
  await ledger.coverage.putAccounts([{ accountId, name: 'store', state: 'ACTIVE', ancestorIds: [] }]);
  await redis.xadd(keys.placeChanges, '*', 'places', '');
  await redis.xtrim(keys.placeChanges, 'MAXLEN', 1);
  await redis.set(keys.coverage, 'no hash');
  await expect(follower.step()).rejects.toThrow('WRONGTYPE');

  await redis.del(keys.coverage);
  await follower.step();

  expect([...model.places.accounts()].map(({ name }) => name)).toEqual(['store']);
});

test('sums are compared while a roll-out writes, and it is not taken for something untold', async () => {
  const made = bench.create();
  const { ledger } = made;
  let monotonicMs = 1_000;
  let written = 0;
  const followed = made.another();
  const counts = async (): ReturnType<Ledger['enrollments']['counts']> => {
    if (written < 3) await write(ledger, aTarget(), (written += 1), () => 0.9);
    return followed.enrollments.counts();
  };
  const busy = { ...followed, enrollments: { ...followed.enrollments, counts } };
  const one = follow(busy, openModel(), { ...createClock(), monotonicMs: () => monotonicMs });
  await catchUp(one);
  monotonicMs += 300_000;

  for (let n = 0; n < 6; n += 1) await catchUp(one);

  expect(written).toBe(3);
  expect(one.follower.state()).toMatchObject({ rebuilds: 1, rows: 3 });
});

test('while another release runs, and once after, all rows are compared every hour', async () => {
  const made = bench.create();
  const { ledger, redis, keys } = made;
  let monotonicMs = 1_000;
  const one = follow(made.another(), openModel(), { ...createClock(), monotonicMs: () => monotonicMs });
  const tell = (runs: Partial<Release>): Promise<void> =>
    ledger.clocks.tell({
      name: 'a-worker',
      part: 'worker',
      offsetMs: 0,
      roundTripMs: 1,
      readAtMs: Date.now(),
      offSinceMs: null,
      runs: { ...thisRelease(), ...runs },
    });
  const goOn = async (minutes: number): Promise<number> => {
    for (let n = 0; n < minutes; n += 5) {
      monotonicMs += 300_000;
      await catchUp(one);
    }
    return one.follower.state().rebuilds;
  };
  const instanceId = anInstanceId(1);
  const put = (expected: number, wave: string) =>
    ledger.enrollments.write(
      aTarget(),
      'each',
      [{ instanceId, expected, value: aRecord('joined', { instanceId, wave }) }],
      [],
    );
  await put(0, 'first');
  await tell({});
  await catchUp(one);
  expect(await goOn(120)).toBe(1);
  // A build from another commit is another release.
  await tell({ commit: 'c0ffee' });
  expect(await goOn(5)).toBe(2);

  // As a worker writes that does not tell which records it only touched.
  const [before] = (await ledger.enrollments.read(aTarget(), [instanceId])).values();
  await put(before?.version ?? 0, 'untold');
  const [entry] = await redis.xrevrange(keys.changes, '+', '-', 'COUNT', 1);
  await redis.xdel(keys.changes, entry?.[0] ?? '');
  expect(await goOn(30)).toBe(2);
  expect(findInstances(one.model, { wave: ['untold'] }).counts.total).toBe(0);
  expect(await goOn(30)).toBe(3);
  expect(findInstances(one.model, { wave: ['untold'] }).counts.total).toBe(1);

  expect(await goOn(5)).toBe(3);
  await tell({});
  expect(await goOn(180)).toBe(4);
});

test('a scheduler that begins while Redis refuses every write has all lists', async () => {
  const { ledger, redis, keys } = bench.create();
  await write(ledger, aTarget(), 1, () => 0.9);
  const [username, password] = [`reader-${keys.epoch}`, 'of-this-test'];
  await redis.call('ACL', 'SETUSER', username, 'on', `>${password}`, '~*', '&*', '+@all', '-@write');
  const reader = redis.duplicate({ username, password });
  try {
    const prefix = keys.epoch.slice(1, keys.epoch.indexOf('}'));
    const one = follow(createRedisLedger({ redis: reader, prefix, log: recordingLog() }));

    await catchUp(one);

    expect(await redis.exists(keys.epoch)).toBe(0);
    expect(one.follower.state()).toMatchObject({ rows: 1, rebuilding: false });
  } finally {
    await closeRedis(reader);
    await redis.call('ACL', 'DELUSER', username);
  }
});
