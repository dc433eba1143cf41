import { anAccountId, anInstanceId, aRecord, aTarget } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { Ledger } from '../control/ledger.ts';
import type { EnrollmentState } from '../enrollment/record.ts';
import { CAUSES } from '../enrollment/cause.ts';
import { ENROLLMENT_STATES } from '../enrollment/record.ts';
import { gatherBucket } from './gather-bucket.ts';
import { encodeBucket, type HistoryBucket } from './history-bucket.ts';
import { resolutionsAt } from './resolution.ts';

const bench = useLedgerBench();
const resolutions = resolutionsAt(1);
const FIVE_MINUTES_MS = 300_000;
const START_MS = Date.UTC(2026, 10, 22, 8, 1);

function aBucket(joined: number): HistoryBucket {
  return {
    byState: { joined },
    byCause: {},
    byGroup: {},
    work: { commandsSent: 0, joined, throttled: {} },
    dueLagMs: 0,
  };
}

async function write(ledger: Ledger, account: number, host: number, state: EnrollmentState): Promise<void> {
  const value = aRecord(state, { instanceId: anInstanceId(host) });
  const changes = [{ instanceId: value.instanceId, expected: 0, value }];
  await ledger.enrollments.write(aTarget(account), 'each', changes, []);
}

test('of two schedulers the first keeps a bucket, and the other changes nothing', async () => {
  const one = bench.create();
  const { ledger, time } = one;
  time.hold(START_MS);
  const kept = await Promise.all([
    ledger.history.keep(aBucket(1), resolutions),
    one.another().history.keep(aBucket(2), resolutions),
  ]);

  const { buckets, atMs } = await ledger.history.read(
    { fromMs: START_MS - FIVE_MINUTES_MS, toMs: START_MS },
    resolutions,
    START_MS,
  );

  expect(kept.filter((isKept) => isKept)).toHaveLength(1);
  expect(atMs).toEqual([START_MS - 60_000]);
  expect(buckets.map((one) => one?.byState['joined'])).toEqual([kept.indexOf(true) + 1]);
});

test('a time in which no scheduler ran is a gap, not a zero', async () => {
  const { ledger, time } = bench.create();
  time.hold(START_MS);
  await ledger.history.keep(aBucket(1), resolutions);
  time.advance(3 * FIVE_MINUTES_MS);
  await ledger.history.keep(aBucket(4), resolutions);

  const span = { fromMs: START_MS - 60_000, toMs: time.now() };
  const { buckets } = await ledger.history.read(span, resolutions, time.now());

  expect(buckets.map((one) => one?.byState['joined'] ?? null)).toEqual([1, null, null, 4]);
});

test('what is older than 48 hours, or a year, is dropped', async () => {
  const { ledger, redis, keys, time } = bench.create();
  time.hold(START_MS);
  await ledger.history.keep(aBucket(1), resolutions);
  time.advance(49 * 3_600_000);
  await ledger.history.keep(aBucket(2), resolutions);
  expect(await redis.hlen(keys.fineHistory)).toBe(1);
  expect(await redis.hlen(keys.coarseHistory)).toBe(2);

  time.advance(365 * 86_400_000);
  await ledger.history.keep(aBucket(3), resolutions);

  expect(await redis.hlen(keys.coarseHistory)).toBe(1);
});

test('a bucket counts hosts by state, by cause and by account, and how many became joined', async () => {
  const { ledger } = bench.create();
  expect(await gatherBucket(ledger)).toBeNull();
  await ledger.coverage.putAccounts(
    [0, 1].map((n) => ({
      accountId: anAccountId(n),
      name: `team-${n}`,
      state: 'ACTIVE' as const,
      ancestorIds: ['r-ab12'],
    })),
  );
  await write(ledger, 0, 1, 'joined');
  await write(ledger, 0, 2, 'joined');
  await write(ledger, 1, 3, 'failed');
  // Of an account that no listing shows any more.
  await write(ledger, 7, 4, 'joined');
  await ledger.statistics.addCommandsSent(5);

  expect(await gatherBucket(ledger)).toMatchObject({
    byState: { joined: 3, failed: 1 },
    byCause: { 'ec2-ssm-script-failure': 1 },
    byGroup: {
      [anAccountId(0)]: { hosts: 2, joined: 2, failed: 0, lost: 0 },
      [anAccountId(1)]: { hosts: 1, joined: 0, failed: 1, lost: 0 },
      other: { hosts: 1, joined: 1, failed: 0, lost: 0 },
    },
    work: { commandsSent: 5, joined: 3 },
  });
});

test('a host that stays joined is counted once', async () => {
  const { ledger } = bench.create();
  const id = anInstanceId(1);
  await write(ledger, 0, 1, 'joined');
  const read = await ledger.enrollments.read(aTarget(0), [id]);
  const value = aRecord('joined', { instanceId: id, failures: 1 });
  const again = [{ instanceId: id, expected: read.get(id)?.version ?? 0, value }];

  expect(await ledger.enrollments.write(aTarget(0), 'each', again, [])).toEqual(['written']);
  expect((await ledger.statistics.read()).joined).toBe(1);
});

test('a year of an organization of 1,000 accounts fits into 30 MB, however many states and causes it has', async () => {
  const { redis, keys } = bench.create();
  const states = Object.fromEntries(ENROLLMENT_STATES.map((state, n) => [state, 100_000 + n]));
  const groups = Array.from({ length: 25 }, (_, n) => `ou-ab12-${String(n).padStart(8, '0')}`);
  const worst = encodeBucket({
    byState: states,
    byCause: Object.fromEntries(Object.keys(CAUSES).map((cause, n) => [cause, 1_000 + n])),
    byGroup: Object.fromEntries(
      groups.map((group) => [group, { hosts: 100_000, joined: 100_000, failed: 10_000, lost: 10_000 }]),
    ),
    work: {
      commandsSent: 1_000_000,
      joined: 1_000_000,
      throttled: { 'ssm:SendCommand': 10_000, 'ec2:DescribeInstances': 10_000, 'sts:AssumeRole': 10_000 },
    },
    dueLagMs: 10_000,
  });
  const { fine, coarse } = resolutions;
  const fill = async (key: string, count: number): Promise<number> => {
    for (let from = 0; from < count; from += 1_000) {
      const fields = Array.from({ length: Math.min(1_000, count - from) }, (_, n) => [
        String(1_764_000_000_000 + (from + n) * 3_600_000),
        worst,
      ]);
      await redis.hset(key, ...fields.flat());
    }
    return Number(await redis.memory('USAGE', key, 'SAMPLES', 0));
  };
  const bytes = (await fill(keys.fineHistory, fine.kept)) + (await fill(keys.coarseHistory, coarse.kept));
  await redis.del(keys.fineHistory, keys.coarseHistory);

  expect(bytes / 1_000_000).toBeLessThan(30);
});
