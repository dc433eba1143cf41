import { aCoverage, anAccountId, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { Account } from '../organization/account.ts';
import type { Region } from '../organization/ids.ts';
import { targetId } from '../organization/target.ts';

const bench = useLedgerBench();

const EAST = 'us-east-1' as Region;
const TARGET = aTarget(0, EAST);
const ACCOUNT: Account = {
  accountId: anAccountId(0),
  name: 'account',
  state: 'ACTIVE',
  ancestorIds: ['r-ab12'],
};
const UNTIL_MS = NOW_MS + 60_000;

/** A sweep over one account with one region, nothing read yet. */
async function startKnown(): Promise<TestLedger> {
  const one = bench.create();
  const { coverage } = one.ledger;
  await coverage.startSweep('sweep-1', NOW_MS);
  await coverage.putAccounts([ACCOUNT]);
  await coverage.endAccountListing('sweep-1', NOW_MS, null, 0);
  await coverage.putRegions(ACCOUNT.accountId, [EAST], NOW_MS);
  return one;
}

async function dueTargets({ ledger }: TestLedger, nowMs: number): Promise<readonly string[]> {
  return ledger.due.lease('scan', nowMs, 1, 10);
}

test('a scan begins with its account, its regions and how the target was read last, and puts the target off', async () => {
  const one = await startKnown();
  const { scans, due } = one.ledger;
  await due.schedule('scan', [{ member: targetId(TARGET), atMs: NOW_MS }]);

  const begun = await scans.begin(TARGET, UNTIL_MS, NOW_MS + 5);

  expect(begun).toMatchObject({ target: TARGET, untilMs: UNTIL_MS, begunAtMs: NOW_MS + 5 });
  expect(begun.scope).toMatchObject({ account: ACCOUNT, regions: [EAST], coverage: { status: 'pending' } });
  expect(await dueTargets(one, UNTIL_MS - 1)).toEqual([]);
  expect(await dueTargets(one, UNTIL_MS)).toEqual([targetId(TARGET)]);
});

test('of an account that nobody knows there is no scope', async () => {
  expect(await bench.create().ledger.scans.begin(TARGET, UNTIL_MS, NOW_MS)).toMatchObject({
    scope: null,
    wantedSince: '',
  });
});

test('a scan ends with its reading, and the target is due again', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  const begun = await scans.begin(TARGET, UNTIL_MS, NOW_MS + 5);
  const read = aCoverage({ attemptedAtMs: begun.begunAtMs });

  await scans.end(begun, read, NOW_MS + 300_000, NOW_MS + 9);

  expect(await coverage.read(TARGET)).toEqual(read);
  expect((await coverage.sweep(NOW_MS + 10))?.targets).toMatchObject({ complete: 1, pending: 0 });
  expect(await dueTargets(one, NOW_MS + 299_999)).toEqual([]);
  expect(await dueTargets(one, NOW_MS + 300_000)).toEqual([targetId(TARGET)]);
});

test('a scan without a reading leaves the last one as it was, and is never due again when it says so', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  await coverage.put(TARGET, aCoverage({ attemptedAtMs: NOW_MS + 1 }));

  await scans.end(await scans.begin(TARGET, UNTIL_MS, NOW_MS + 5), null, null, NOW_MS + 9);

  expect((await coverage.read(TARGET))?.attemptedAtMs).toBe(NOW_MS + 1);
  expect(await dueTargets(one, Number.MAX_SAFE_INTEGER)).toEqual([]);
});

test('what was scheduled during a scan is due at its end', async () => {
  const one = await startKnown();
  const { scans, due } = one.ledger;
  const begun = await scans.begin(TARGET, UNTIL_MS, NOW_MS + 5);
  await due.schedule('scan', [{ member: targetId(TARGET), atMs: NOW_MS + 7 }]);

  await scans.end(begun, aCoverage(), NOW_MS + 300_000, NOW_MS + 9);

  expect(await dueTargets(one, NOW_MS + 9)).toEqual([targetId(TARGET)]);
});

test('a target that was forgotten during its scan does not come back', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  const begun = await scans.begin(TARGET, UNTIL_MS, NOW_MS + 5);
  await coverage.removeAccount(ACCOUNT.accountId);

  await scans.end(begun, aCoverage(), NOW_MS + 300_000, NOW_MS + 9);

  expect(await coverage.read(TARGET)).toBeNull();
  expect((await coverage.sweep(NOW_MS + 10))?.targets.total).toBe(0);
});

test('a reading that began before a sweep does not count for it, even by a clock that is ahead', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  for (const begunAtMs of [NOW_MS + 5, NOW_MS + 90_000]) {
    await coverage.startSweep('sweep-1', NOW_MS);
    const begun = await scans.begin(TARGET, UNTIL_MS, begunAtMs);
    const startedAtMs = await coverage.startSweep('sweep-2', NOW_MS + 1_000);

    await scans.end(begun, aCoverage({ attemptedAtMs: begun.begunAtMs }), UNTIL_MS, NOW_MS + 1_500);

    expect((await coverage.sweep(NOW_MS + 2_000))?.targets).toMatchObject({ complete: 0, pending: 1 });
    expect((await coverage.read(TARGET))?.attemptedAtMs).toBeLessThan(startedAtMs);
  }
});

test('a reading that began after the sweep counts for it, even by a clock that is behind', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;

  const begun = await scans.begin(TARGET, UNTIL_MS, NOW_MS - 90_000);
  await scans.end(begun, aCoverage({ attemptedAtMs: begun.begunAtMs }), UNTIL_MS, NOW_MS - 89_000);

  expect(begun.begunAtMs).toBe(NOW_MS);
  expect((await coverage.sweep(NOW_MS + 2_000))?.targets).toMatchObject({ complete: 1, pending: 0 });
});

test('who wants a part read gets what began after the wish only, whatever the clocks say', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  const ahead = await scans.begin(TARGET, UNTIL_MS, NOW_MS + 90_000);
  const sinceMs = await coverage.wantReadings(NOW_MS + 10);

  await scans.end(ahead, aCoverage({ attemptedAtMs: ahead.begunAtMs }), UNTIL_MS, NOW_MS + 90_001);
  expect((await coverage.read(TARGET))?.attemptedAtMs).toBeLessThan(sinceMs);
  // For the sweep that was there before the wish it counts.
  expect((await coverage.sweep(NOW_MS + 20))?.targets).toMatchObject({ complete: 1, pending: 0 });

  const behind = await scans.begin(TARGET, UNTIL_MS, NOW_MS - 90_000);
  await scans.end(behind, aCoverage({ attemptedAtMs: behind.begunAtMs }), UNTIL_MS, NOW_MS - 89_999);
  expect((await coverage.read(TARGET))?.attemptedAtMs).toBeGreaterThanOrEqual(sinceMs);
});

test('a scan that ends in another status than it began in moves its target, wherever it stands by then', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  const begun = await scans.begin(TARGET, UNTIL_MS, NOW_MS + 5);
  await coverage.put(TARGET, aCoverage({ status: 'throttled', attemptedAtMs: NOW_MS + 6 }));

  await scans.end(begun, aCoverage({ attemptedAtMs: begun.begunAtMs }), NOW_MS + 300_000, NOW_MS + 9);

  const targets = (await coverage.sweep(NOW_MS + 10))?.targets;
  expect(targets).toMatchObject({ complete: 1, throttled: 0, pending: 0 });
  expect(await dueTargets(one, NOW_MS + 300_000)).toEqual([targetId(TARGET)]);
});

test('a target whose stored reading cannot be understood is found in whatever status it stands', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  await coverage.put(TARGET, aCoverage({ status: 'denied', attemptedAtMs: NOW_MS + 1 }));
  await one.redis.hset(one.keys.coverage, targetId(TARGET), 'broken');
  const begun = await scans.begin(TARGET, UNTIL_MS, NOW_MS + 5);

  await scans.end(begun, aCoverage({ attemptedAtMs: begun.begunAtMs }), NOW_MS + 300_000, NOW_MS + 9);

  expect((await coverage.sweep(NOW_MS + 10))?.targets).toMatchObject({ complete: 1, denied: 0 });
});

const REST = { digest: 'd1', untilMs: NOW_MS + 86_400_000 };

async function writeRecord({ ledger }: TestLedger, expected: number): Promise<void> {
  const value = aRecord('joined');
  await ledger.enrollments.write(TARGET, 'each', [{ instanceId: value.instanceId, expected, value }], []);
}

test('a target is at rest until its records are written again', async () => {
  const one = await startKnown();
  const { scans, enrollments } = one.ledger;
  await writeRecord(one, 0);
  await scans.putRest(await scans.begin(TARGET, UNTIL_MS, NOW_MS), REST);

  expect((await scans.begin(TARGET, UNTIL_MS, NOW_MS)).rest).toEqual(REST);

  const [version = 0] = [...(await enrollments.readAll(TARGET)).values()].map((record) => record.version);
  await writeRecord(one, version + 1);
  expect((await scans.begin(TARGET, UNTIL_MS, NOW_MS)).rest).toEqual(REST);
  await writeRecord(one, version);
  expect((await scans.begin(TARGET, UNTIL_MS, NOW_MS)).rest).toBeNull();
});

test('a rest that was found before somebody wrote a record is none', async () => {
  const one = await startKnown();
  const { scans } = one.ledger;
  await writeRecord(one, 0);
  const begun = await scans.begin(TARGET, UNTIL_MS, NOW_MS);
  const [version = 0] = [...(await one.ledger.enrollments.readAll(TARGET)).values()].map((r) => r.version);
  await writeRecord(one, version);

  await scans.putRest(begun, REST);

  expect((await scans.begin(TARGET, UNTIL_MS, NOW_MS)).rest).toBeNull();
});

test('a target without records is never at rest, and one whose record was set aside is no more', async () => {
  const one = await startKnown();
  const { scans, enrollments } = one.ledger;
  await scans.putRest(await scans.begin(TARGET, UNTIL_MS, NOW_MS), REST);
  expect((await scans.begin(TARGET, UNTIL_MS, NOW_MS)).rest).toBeNull();

  await writeRecord(one, 0);
  await scans.putRest(await scans.begin(TARGET, UNTIL_MS, NOW_MS), REST);
  await one.redis.hset(one.keys.target(TARGET).instances, aRecord('joined').instanceId, 'broken');
  await enrollments.setAsideUnreadable(TARGET);

  expect((await scans.begin(TARGET, UNTIL_MS, NOW_MS)).rest).toBeNull();
});

/** Calls of scripts that the server has run so far. */
async function scriptCalls({ redis }: TestLedger): Promise<number> {
  const stats = await redis.info('commandstats');
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

test('scans that begin in one turn share round trips, and each gets what is known of its own target', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  const accounts = Array.from(
    { length: 20 },
    (_, n): Account => ({ ...ACCOUNT, accountId: anAccountId(n + 1) }),
  );
  await coverage.putAccounts(accounts);
  for (const [n, { accountId }] of accounts.entries()) {
    await coverage.putRegions(accountId, [EAST], NOW_MS);
    const read = aCoverage({ status: 'failed', detail: `account ${n}`, attemptedAtMs: NOW_MS });
    await coverage.put({ accountId, region: EAST }, read);
  }
  const targets = [aTarget(99, EAST), ...accounts.map(({ accountId }) => ({ accountId, region: EAST }))];
  const before = await scriptCalls(one);

  const begun = await Promise.all(targets.map((target, n) => scans.begin(target, UNTIL_MS + n, NOW_MS)));

  expect(await scriptCalls(one)).toBeLessThanOrEqual(before + 3);
  expect(begun.map((scan) => scan.target)).toEqual(targets);
  expect(begun.map((scan) => scan.scope?.account ?? null)).toEqual([null, ...accounts]);
  expect(begun.map((scan) => scan.scope?.coverage?.detail)).toEqual([
    undefined,
    ...accounts.map((_, n) => `account ${n}`),
  ]);
  const scores = await one.redis.zmscore(one.keys.due('scan'), ...targets.map(targetId));
  expect(scores.map(Number)).toEqual(targets.map((_, n) => UNTIL_MS + n));
});

test('scans that end in one turn leave each target where its own scan says', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  const regions = Array.from({ length: 20 }, (_, n) => `us-east-${n + 1}` as Region);
  await coverage.putRegions(ACCOUNT.accountId, regions, NOW_MS);
  const targets = regions.map((region) => aTarget(0, region));
  const begun = await Promise.all(targets.map((target) => scans.begin(target, UNTIL_MS, NOW_MS + 5)));
  const statuses = ['complete', 'failed', 'throttled', null] as const;
  const before = await scriptCalls(one);

  await Promise.all(
    begun.map((scan, n) => {
      const status = statuses[n % statuses.length] ?? null;
      const read = status === null ? null : aCoverage({ status, attemptedAtMs: NOW_MS + 5 });
      return scans.end(scan, read, n === 0 ? null : NOW_MS + 300_000 + n, NOW_MS + 9);
    }),
  );

  expect(await scriptCalls(one)).toBeLessThanOrEqual(before + 2);
  expect((await coverage.sweep(NOW_MS + 10))?.targets).toMatchObject({
    complete: 5,
    failed: 5,
    throttled: 5,
    pending: 5,
    total: 20,
  });
  const scores = await one.redis.zmscore(one.keys.due('scan'), ...targets.map(targetId));
  expect(scores).toEqual([null, ...targets.slice(1).map((_, n) => String(NOW_MS + 300_001 + n))]);
});

test('two scans of one target that end in one turn end one after the other', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  const first = await scans.begin(TARGET, UNTIL_MS, NOW_MS + 5);
  const second = await scans.begin(TARGET, UNTIL_MS + 1_000, NOW_MS + 6);

  await Promise.all([
    scans.end(
      second,
      aCoverage({ status: 'failed', attemptedAtMs: NOW_MS + 6 }),
      NOW_MS + 300_000,
      NOW_MS + 8,
    ),
    scans.end(first, aCoverage({ attemptedAtMs: NOW_MS + 5 }), NOW_MS + 400_000, NOW_MS + 9),
  ]);

  // The second settled its lease; the first finds another time than its own, and makes the target due now.
  expect(await one.redis.zscore(one.keys.due('scan'), targetId(TARGET))).toBe(String(NOW_MS + 9));
  expect((await coverage.read(TARGET))?.status).toBe('complete');
  expect((await coverage.sweep(NOW_MS + 10))?.targets).toMatchObject({ complete: 1, failed: 0, pending: 0 });
});

test('scans whose round trip fails all fail, and the next ones do not', async () => {
  const one = await startKnown();
  const { scans } = one.ledger;
  await one.redis.del(one.keys.accounts);
  await one.redis.set(one.keys.accounts, 'not a hash');

  const failed = await Promise.allSettled(
    [TARGET, aTarget(1, EAST)].map((target) => scans.begin(target, UNTIL_MS, NOW_MS)),
  );
  await one.redis.del(one.keys.accounts);

  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect((await scans.begin(TARGET, UNTIL_MS, NOW_MS)).scope).toBeNull();
});
