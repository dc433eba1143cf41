/**
 * The invariant of commit-target.lua under many writers at once: counts, candidates and verify always say the same as
 * the records, every version was written exactly once, and an `all` write is never seen half done.
 */
import {
  aBatchId,
  aCommandId,
  anInstanceId,
  anIntent,
  aRecord,
  aTarget,
  NOW_MS,
  seededRandom,
} from '@muster/testing/builders';
import { SAMPLE_CONTEXT, someRecord } from '@muster/testing/enrollment-table';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { causeOf } from './record.ts';
import { transition } from './transition.ts';
import type { InstanceId } from '../organization/ids.ts';
import type { Ledger } from '../control/ledger.ts';
import type { RecordChange } from './enrollment-store.ts';

const bench = useLedgerBench();

const target = aTarget();

type Random = () => number;

/** What the indexes should hold, told from the records alone. */
async function expectIndexesToAgree({ ledger, redis, keys }: TestLedger): Promise<void> {
  const names = keys.target(target);
  const counts: Record<string, string> = {};
  const candidates = new Map<string, number>();
  const verify = new Map<string, number>();
  const count = (field: string): void => {
    counts[field] = String(Number(counts[field] ?? 0) + 1);
  };
  for (const [id, { value }] of await ledger.enrollments.readAll(target)) {
    count(`s:${value.state}`);
    const cause = causeOf(value);
    if (cause !== null) count(`c:${cause}`);
    if (value.state === 'queued') candidates.set(id, value.readyAtMs);
    if (value.state === 'failed') candidates.set(id, value.nextAttemptAtMs);
    if (value.state === 'lost' && value.repairAtMs !== null) candidates.set(id, value.repairAtMs);
    if (value.state === 'installed' && value.joinDeadlineMs !== null) verify.set(id, value.joinDeadlineMs);
  }
  expect(await redis.hgetall(names.counts)).toEqual(counts);
  expect(await scores(redis, names.candidates)).toEqual(candidates);
  expect(await scores(redis, names.verify)).toEqual(verify);
}

async function scores(redis: TestLedger['redis'], key: string): Promise<ReadonlyMap<string, number>> {
  const flat = await redis.zrange(key, 0, '-1', 'WITHSCORES');
  const found = new Map<string, number>();
  for (let i = 0; i + 1 < flat.length; i += 2) found.set(String(flat[i]), Number(flat[i + 1]));
  return found;
}

/** A writer that reads, waits for the others to interfere, and writes what it decided on what it had read. */
async function writeAtRandom(
  ledger: Ledger,
  random: Random,
  rounds: number,
): Promise<{ written: number; stale: number }> {
  const tally = { written: 0, stale: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const ids = Array.from({ length: 1 + Math.floor(random() * 12) }, () =>
      anInstanceId(Math.floor(random() * 80)),
    );
    const known = await ledger.enrollments.read(target, ids);
    if (random() < 0.3) await ledger.enrollments.nextCandidateAt(target);
    const changes = [...new Set(ids)].map((instanceId): RecordChange => {
      const guess = random() < 0.05 ? Math.floor(random() * 9) : (known.get(instanceId)?.version ?? 0);
      const value = random() < 0.08 ? null : someRecord(random, instanceId);
      return { instanceId, expected: guess, value };
    });
    const words = await ledger.enrollments.write(target, random() < 0.4 ? 'all' : 'each', changes, []);
    for (const word of words) tally[word === 'written' ? 'written' : 'stale'] += 1;
  }
  return tally;
}

test.each([1, 2, 3])(
  'counts, candidates and verify agree with the records after thousands of concurrent writes, many of them stale (seed %i)',
  { timeout: 60_000 },
  async (seed) => {
    const one = bench.create();
    const writers = Array.from({ length: 6 }, (_, n) =>
      writeAtRandom(one.another(), seededRandom(seed * 100 + n), 120),
    );

    const tallies = await Promise.all(writers);

    await expectIndexesToAgree(one);
    const written = tallies.reduce((sum, tally) => sum + tally.written, 0);
    const stale = tallies.reduce((sum, tally) => sum + tally.stale, 0);
    expect(written).toBeGreaterThan(1_000);
    expect(stale).toBeGreaterThan(200);
  },
);

test('of many writers that read the same version, exactly one is told that it wrote', async () => {
  const one = bench.create();
  const instanceId = anInstanceId(1);
  const ledgers = Array.from({ length: 8 }, () => one.another());

  let version = 0;
  for (let round = 0; round < 50; round += 1) {
    const expected = version;
    const words = await Promise.all(
      ledgers.map(async (ledger, n) => {
        const value = { ...aRecord('queued'), instanceId, readyAtMs: NOW_MS + n };
        return (await ledger.enrollments.write(target, 'each', [{ instanceId, expected, value }], []))[0];
      }),
    );
    expect(words.filter((word) => word === 'written')).toHaveLength(1);
    const winner = words.indexOf('written');
    const stored = (await one.ledger.enrollments.read(target, [instanceId])).get(instanceId);
    expect(stored?.value).toMatchObject({ readyAtMs: NOW_MS + winner });
    version = stored?.version ?? 0;
  }
});

test('overlapping claims: an instance is never in two open batches, and a batch is whole or absent', async () => {
  const one = bench.create();
  const ids = Array.from({ length: 40 }, (_, n) => anInstanceId(n));
  await one.ledger.enrollments.write(
    target,
    'each',
    ids.map((instanceId) => ({ instanceId, expected: 0, value: { ...aRecord('queued'), instanceId } })),
    [],
  );

  await Promise.all(
    Array.from({ length: 6 }, async (_, worker) => {
      const ledger = one.another();
      const random = seededRandom(worker);
      for (let turn = 0; turn < 40; turn += 1) {
        const batchId = aBatchId(worker * 1_000 + turn);
        const free = await ledger.enrollments.candidates(target, NOW_MS, 50);
        const wanted = free.filter(() => random() < 0.3);
        if (wanted.length === 0) continue;
        const records = await ledger.enrollments.read(target, wanted);
        const changes = [...records].flatMap(([instanceId, { version, value }]): RecordChange[] => {
          const after = transition(value, { kind: 'claimed', batchId }, SAMPLE_CONTEXT);
          return after === 'ignored' ? [] : [{ instanceId, expected: version, value: after }];
        });
        if (changes.length === 0) continue;
        const intent = anIntent({ batchId, instanceIds: changes.map((change) => change.instanceId) });
        await ledger.enrollments.write(target, 'all', changes, [{ batchId, expected: 0, value: intent }]);
      }
    }),
  );

  const records = await one.ledger.enrollments.readAll(target);
  const claimed = new Map<InstanceId, string>();
  for (const { value: intent } of await one.ledger.enrollments.intents(target)) {
    for (const instanceId of intent.instanceIds) {
      expect(claimed.has(instanceId)).toBe(false);
      claimed.set(instanceId, intent.batchId);
      expect(records.get(instanceId)?.value).toMatchObject({ state: 'sending', batchId: intent.batchId });
    }
  }
  const sending = [...records.values()].filter(({ value }) => value.state === 'sending');
  expect(sending).toHaveLength(claimed.size);
  expect(claimed.size).toBeGreaterThan(0);
  await expectIndexesToAgree(one);
});

test('no reader sees an intent without its records or records without their intent', async () => {
  const one = bench.create();
  const instanceId = anInstanceId(1);
  const [writer, reader] = [one.another(), one.another()];
  const names = one.keys.target(target);
  const done = new AbortController();

  const start = { ...aRecord('queued'), instanceId };
  await writer.enrollments.write(target, 'each', [{ instanceId, expected: 0, value: start }], []);
  const version = async (): Promise<number> =>
    (await writer.enrollments.read(target, [instanceId])).get(instanceId)?.version ?? 0;
  const writing = (async () => {
    for (let n = 0; n < 300; n += 1) {
      const batchId = aBatchId(n);
      const sending = { ...aRecord('sending'), instanceId, batchId };
      const open = { batchId, expected: 0, value: anIntent({ batchId, instanceIds: [instanceId] }) };
      await writer.enrollments.write(
        target,
        'all',
        [{ instanceId, expected: await version(), value: sending }],
        [open],
      );
      const idle = { ...aRecord('queued'), instanceId };
      const close = { batchId, expected: 1, value: null };
      await writer.enrollments.write(
        target,
        'all',
        [{ instanceId, expected: await version(), value: idle }],
        [close],
      );
    }
    done.abort();
  })();
  let seen = 0;
  while (!done.signal.aborted) {
    const replies = await one.redis.multi().hget(names.instances, instanceId).hkeys(names.intents).exec();
    const [record, open] = [String(replies?.[0]?.[1]), replies?.[1]?.[1] as string[]];
    expect(record.includes('|sending|')).toBe(open.length === 1);
    expect(record).toContain(open[0] ?? '|queued|');
    seen += 1;
  }
  await writing;

  expect(seen).toBeGreaterThan(10);
  const last = (await reader.enrollments.read(target, [instanceId])).get(instanceId);
  expect(last?.value.state).toBe('queued');
});

test('a claim that was executed but whose answer was lost is told stale on its repetition, and stands once', async () => {
  const one = bench.create();
  const instanceId = anInstanceId(1);
  const [batchId, commandId] = [aBatchId(1), aCommandId(1)];
  const value = { ...aRecord('installing'), instanceId, batchId, commandId };
  const claim = () =>
    one.ledger.enrollments.write(
      target,
      'all',
      [{ instanceId, expected: 0, value }],
      [{ batchId, expected: 0, value: anIntent({ batchId }) }],
    );

  expect([await claim(), await claim()]).toEqual([
    ['written', 'written'],
    ['stale', 'stale'],
  ]);

  await expectIndexesToAgree(one);
});
