/**
 * The invariant of commit-target.lua: whatever is written, in whatever order, however late its writer is, every index says what the
 * records and intents say, all that a target waits for is due, and the stream tells each change once.
 */
import {
  aBatchId,
  anInstanceId,
  anIntent,
  aRecord,
  aTarget,
  NOW_MS,
  seededRandom,
} from '@muster/testing/builders';
import { oneOf, someRecord } from '@muster/testing/enrollment-table';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { InstanceId } from '../organization/ids.ts';
import { targetId, type Target } from '../organization/target.ts';
import { candidateAt, joinDeadlineOf } from './record-codec.ts';
import type { IntentChange, RecordChange, WriteTerms } from './enrollment-store.ts';
import { causeOf, type EnrollmentRecord } from './record.ts';

const bench = useLedgerBench();

const TARGETS = [aTarget(0), aTarget(0, 'us-east-1'), aTarget(1)];
const CAPS = { all: 6, account: 5, target: 3 };
type Random = () => number;

/** What all indexes must hold, told from the records and intents alone. */
async function expectedOf({ ledger }: TestLedger) {
  const totals: Record<string, string> = {};
  const index = new Set<string>();
  const places: Record<string, string> = {};
  const held = new Set<string>();
  const collects = new Set<string>();
  const waiting = { install: new Set<string>(), verify: new Set<string>() };
  for (const target of TARGETS) {
    const id = targetId(target);
    for (const [instanceId, { value }] of await ledger.enrollments.readAll(target)) {
      places[instanceId] = id;
      const cause = causeOf(value);
      const wave = value.wave === undefined ? [] : [`w:${value.wave}:${value.state}`];
      for (const field of [`s:${value.state}`, ...(cause === null ? [] : [`c:${cause}`]), ...wave]) {
        totals[field] = String(Number(totals[field] ?? 0) + 1);
        index.add(`${field}|${id}`);
      }
      if (value.state === 'sending' || value.state === 'installing') held.add(instanceId);
      if (candidateAt(value) !== null) waiting.install.add(id);
      if (joinDeadlineOf(value) !== null) waiting.verify.add(id);
    }
    for (const { value } of await ledger.enrollments.intents(target)) {
      collects.add(`${id}/${value.batchId}`);
    }
  }
  return { totals, index, places, held, collects, waiting };
}

async function expectIndexesToAgree(one: TestLedger): Promise<void> {
  const { ledger, redis, keys } = one;
  const expected = await expectedOf(one);
  expect(await redis.hgetall(keys.counts)).toEqual(expected.totals);
  expect(new Set(await redis.zrange(keys.countIndex, 0, '-1'))).toEqual(expected.index);
  expect(await redis.hgetall(keys.instanceTargets)).toEqual(expected.places);
  await expectPlacesToAgree(one, expected.held);
  expect(new Set(await redis.zrange(keys.due('collect'), 0, '-1'))).toEqual(expected.collects);
  for (const kind of ['install', 'verify'] as const) {
    const due = await redis.zrange(keys.due(kind), 0, '-1');
    expect(due).toEqual(expect.arrayContaining([...expected.waiting[kind]]));
  }
  for (const field of Object.keys(expected.totals)) {
    const [kind, name = '', state = ''] = field.split(':');
    const held = kind === 's' ? { state: name } : kind === 'c' ? { cause: name } : { wave: name, state };
    const targets = await ledger.enrollments.targetsWith(held);
    expect(targets.map((target) => `${field}|${targetId(target)}`).toSorted()).toEqual(
      [...expected.index].filter((member) => member.startsWith(`${field}|`)).toSorted(),
    );
  }
}

/**
 * A host is in a cluster of outputs only while its record has that cause, and in one at most; the sums are those of the
 * index, whose entries are those of the hosts.
 */
async function expectOutputsToAgree({ ledger, redis, keys }: TestLedger): Promise<number> {
  const hosts = await redis.hgetall(keys.outputHosts);
  const entries = await redis.zrange(keys.outputIndex, 0, '-1');
  expect(Object.values(hosts).toSorted()).toEqual(entries.toSorted());
  const sums: Record<string, number> = {};
  const accounts: Record<string, number> = {};
  for (const entry of entries) {
    const [cluster = '', , account = '', instanceId = ''] = entry.split('|');
    const target = await ledger.enrollments.targetOf(instanceId as InstanceId);
    const records =
      target === null ? null : await ledger.enrollments.read(target, [instanceId as InstanceId]);
    const record = records?.get(instanceId as InstanceId)?.value;
    expect(record === undefined ? null : causeOf(record)).toBe(cluster.split('/')[0]);
    sums[cluster] = (sums[cluster] ?? 0) + 1;
    const count = (accounts[`${cluster}|${account}`] ?? 0) + 1;
    accounts[`${cluster}|${account}`] = count;
    if (count === 1) sums[`${cluster}|`] = (sums[`${cluster}|`] ?? 0) + 1;
  }
  const numbers = (stored: Record<string, string>) =>
    Object.fromEntries(Object.entries(stored).map(([field, count]) => [field, Number(count)]));
  expect(numbers(await redis.hgetall(keys.outputSums))).toEqual(sums);
  expect(numbers(await redis.hgetall(keys.outputAccounts))).toEqual(accounts);
  return entries.length;
}

/** Clusters for some of the records that have a cause, and for some that have none. */
function someOutputs(random: Random, records: readonly RecordChange[]): WriteTerms {
  const outputs = records.flatMap(({ instanceId, value }) => {
    const cause = value === null ? null : causeOf(value);
    if (random() < 0.3) return [];
    return [
      [instanceId, `${cause ?? 'ec2-ssm-script-failure'}/${oneOf(random, ['a', 'b', 'other'])}`] as const,
    ];
  });
  return { outputs: new Map(outputs) };
}

/**
 * Each host under way has a place. One that is installed may have one, and so may the host of an adopted command that is
 * still followed. The sums are those of the places.
 */
async function expectPlacesToAgree({ ledger, redis, keys }: TestLedger, held: ReadonlySet<string>) {
  const places = await ledger.caps.places();
  const sums: Record<string, number> = {};
  for (const { instanceId, target, kind } of places) {
    const record = (await ledger.enrollments.read(target, [instanceId])).get(instanceId)?.value;
    const intents = await ledger.enrollments.intents(target);
    const isFollowed = intents.some(({ value }) => value.instanceIds.includes(instanceId));
    const mayHold = record?.state === 'installed' && record.joinDeadlineMs !== null;
    expect(held.has(instanceId) || mayHold || (kind === 'adopted' && isFollowed)).toBe(true);
    const all = kind === 'adopted' ? [] : ['total'];
    const repair = kind === 'repair' ? ['repair'] : [];
    for (const sum of [...all, ...repair, `a:${target.accountId}`, `t:${targetId(target)}`]) {
      sums[sum] = (sums[sum] ?? 0) + 1;
    }
  }
  const known = new Set<string>(places.map(({ instanceId }) => instanceId));
  expect([...held].filter((id) => !known.has(id))).toEqual([]);
  const fields = Object.entries(await redis.hgetall(keys.places));
  const stored = fields.filter(([field]) => /^(total|repair|[at]:.*)$/.test(field));
  expect(Object.fromEntries(stored.map(([field, count]) => [field, Number(count)]))).toEqual(sums);
}

/** Half of the records belong to a wave. */
function someWave(random: Random): { readonly wave?: string } {
  return random() < 0.5 ? {} : { wave: oneOf(random, ['canary', 'eu', 'rest']) };
}

/** Record changes at random: new ones, moved ones, deleted ones, and some at a version that is none. */
async function someChanges(
  one: TestLedger,
  random: Random,
  target: Target,
): Promise<readonly RecordChange[]> {
  // Each target has its own instances, as in AWS.
  const offset = TARGETS.indexOf(target) * 100;
  const ids = new Set(
    Array.from({ length: Math.floor(random() * 9) }, () => anInstanceId(offset + Math.floor(random() * 30))),
  );
  const known = await one.ledger.enrollments.read(target, [...ids]);
  return [...ids].map((instanceId) => ({
    instanceId,
    expected: random() < 0.1 ? 77 : (known.get(instanceId)?.version ?? 0),
    value: random() < 0.2 ? null : { ...someRecord(random, instanceId), ...someWave(random) },
  }));
}

/** A batch that begins, is looked at, or ends; the records of its commit claimed under the caps, or found in AWS. */
async function someIntent(
  one: TestLedger,
  random: Random,
  target: Target,
  n: number,
): Promise<{ readonly intents: readonly IntentChange[]; readonly terms: WriteTerms }> {
  const open = await one.ledger.enrollments.intents(target);
  if (random() < 0.4 || open.length === 0) {
    const isAdopted = random() < 0.3;
    const offset = TARGETS.indexOf(target) * 100;
    const instanceIds = Array.from({ length: 1 + Math.floor(random() * 8) }, (_, i) =>
      anInstanceId(offset + i),
    );
    const batchId = aBatchId(n);
    const value = anIntent({ batchId, instanceIds, epoch: isAdopted ? 'adopted' : 'e' });
    return {
      intents: [{ batchId, expected: 0, value }],
      terms: isAdopted ? {} : { caps: random() < 0.3 ? { ...CAPS, repair: 5 } : CAPS },
    };
  }
  const { version, value } = oneOf(random, open);
  const expected = random() < 0.1 ? version + 5 : version;
  const next = random() < 0.5 ? null : { ...value, polls: value.polls + 1 };
  return { intents: [{ batchId: value.batchId, expected, value: next }], terms: {} };
}

test.each([1, 2, 3, 4, 5])(
  'after any sequence of commits, and whatever was stale or full, every index says what the records say (seed %i)',
  { timeout: 60_000 },
  async (seed) => {
    const one = bench.create();
    const random = seededRandom(seed);
    const results = new Map<string, number>();
    let clustered = 0;

    for (let n = 1; n <= 250; n += 1) {
      const target = oneOf(random, TARGETS);
      const records = await someChanges(one, random, target);
      const { intents, terms } =
        random() < 0.5 ? await someIntent(one, random, target, n) : { intents: [], terms: {} };
      const mode = random() < 0.5 ? 'all' : 'each';
      const alike = someOutputs(random, records);
      const words = await one.ledger.enrollments.write(target, mode, records, intents, {
        ...terms,
        ...alike,
      });
      for (const word of words) results.set(word, (results.get(word) ?? 0) + 1);
      // What was worked on is not due any more; the next commit must not forget what still waits.
      if (random() < 0.2) await one.redis.del(one.keys.due('install'), one.keys.due('verify'));
      if (random() < 0.2) await one.redis.del(one.keys.due('collect'));
      for (const each of TARGETS) await one.ledger.enrollments.write(each, 'each', [], []);
      if (n % 10 !== 0) continue;
      await expectIndexesToAgree(one);
      clustered += await expectOutputsToAgree(one);
    }

    expect(clustered).toBeGreaterThan(20);
    expect([...results.keys()].toSorted()).toEqual(['full', 'stale', 'written']);
  },
);

test.each([11, 12])(
  'the stream tells each write of a record, once, and of each change of a state or cause what it was (seed %i)',
  async (seed) => {
    const one = bench.create();
    const random = seededRandom(seed);
    const shown = new Map<InstanceId, string>();
    const target = TARGETS[0] ?? aTarget();

    let written = 0;
    for (let n = 0; n < 100; n += 1) {
      const changes = await someChanges(one, random, target);
      const results = await one.ledger.enrollments.write(target, 'each', changes, []);
      written += results.filter((result) => result === 'written').length;
    }
    const { entries } = await one.ledger.changes.read('0-0', 1_000);
    for (const entry of entries) {
      expect(entry.target).toBe(targetId(target));
      for (const [instanceId, before, after, cause] of entry.instances) {
        expect(before).toBe(shown.get(instanceId as InstanceId)?.split('|')[0] ?? null);
        if (after === null) shown.delete(instanceId as InstanceId);
        else shown.set(instanceId as InstanceId, `${after}|${cause ?? ''}`);
      }
    }

    const records = await one.ledger.enrollments.readAll(target);
    expect(entries.reduce((sum, entry) => sum + entry.instances.length + entry.touched.length, 0)).toBe(
      written,
    );
    const stand = [...records].map(
      ([id, { value }]) => [id, `${value.state}|${causeOf(value) ?? ''}`] as const,
    );
    expect(shown).toEqual(new Map(stand));
  },
);

test('what is due follows from what was written, and never from what stayed as it was', async () => {
  const { ledger, redis, keys } = bench.create();
  const target = aTarget();
  const due = (kind: 'install' | 'verify' | 'collect', member: string = targetId(target)) =>
    redis.zscore(keys.due(kind), member).then((score) => (score === null ? null : Number(score)));
  const instanceId = anInstanceId(1);
  const write = async (value: EnrollmentRecord, terms?: WriteTerms) => {
    const expected = (await ledger.enrollments.read(target, [instanceId])).get(instanceId)?.version ?? 0;
    await ledger.enrollments.write(target, 'each', [{ instanceId, expected, value }], [], terms);
  };
  const queued = { ...aRecord('queued', { instanceId }), readyAtMs: NOW_MS + 7_000 };

  await write(queued);
  expect(await due('install')).toBe(NOW_MS + 7_000);

  // An install job is at work until then: a later time changes nothing but tells it to look again.
  await redis.zadd(keys.due('install'), NOW_MS + 120_000, targetId(target));
  await write({ ...queued, readyAtMs: NOW_MS + 9_000 });
  expect(await due('install')).toBe(NOW_MS + 120_000);
  await write({ ...queued, readyAtMs: NOW_MS + 8_000 });
  expect(await due('install')).toBe(NOW_MS + 8_000);
  await write({ ...queued, readyAtMs: NOW_MS + 6_000 }, { notBeforeMs: NOW_MS + 7_500 });
  expect(await due('install')).toBe(NOW_MS + 7_500);
  await write({ ...queued, readyAtMs: NOW_MS }, { notBeforeMs: Number.POSITIVE_INFINITY });
  expect(await due('install')).toBe(NOW_MS + 7_500);

  expect(await due('verify')).toBeNull();
  await write({ ...aRecord('installed', { instanceId }), joinDeadlineMs: NOW_MS + 60_000 });
  expect(await due('verify')).not.toBeNull();

  const batchId = aBatchId(1);
  const value = anIntent({ batchId, instanceIds: [instanceId] });
  const member = `${targetId(target)}/${batchId}`;
  await ledger.enrollments.write(
    target,
    'all',
    [],
    [{ batchId, expected: 0, value, lookAtMs: NOW_MS + 10_000 }],
  );
  expect(await due('collect', member)).toBe(NOW_MS + 10_000);
  await redis.zadd(keys.due('collect'), NOW_MS + 60_000, member);
  await ledger.enrollments.write(target, 'all', [], [{ batchId, expected: 1, value }]);
  expect(await due('collect', member)).toBe(NOW_MS + 60_000);
  await ledger.enrollments.write(target, 'all', [], [{ batchId, expected: 2, value: null }]);
  expect(await due('collect', member)).toBeNull();
});
