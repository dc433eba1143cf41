import { aCoverage, anAccountId, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { Account } from '../organization/account.ts';
import type { Region } from '../organization/ids.ts';
import { targetId } from '../organization/target.ts';
import type { BegunScan } from './scan-store.ts';

const bench = useLedgerBench();

const EAST = 'us-east-1' as Region;
const TARGET = aTarget(0, EAST);
const ACCOUNT: Account = {
  accountId: anAccountId(0),
  name: 'account',
  state: 'ACTIVE',
  ancestorIds: ['r-ab12'],
};
const LEASE_MS = 60_000;
const LEASE_END_MS = NOW_MS + LEASE_MS;

/** A sweep over one account with one region, nothing read yet. */
async function startKnown(): Promise<TestLedger> {
  const one = bench.create();
  one.time.hold(NOW_MS);
  const { coverage } = one.ledger;
  await coverage.startSweep('sweep-1');
  await coverage.putAccounts([ACCOUNT]);
  await coverage.endAccountListing('sweep-1', NOW_MS, null, 0);
  await coverage.putRegions(ACCOUNT.accountId, [EAST], NOW_MS);
  return one;
}

async function dueTargets({ ledger, time }: TestLedger, nowMs: number): Promise<readonly string[]> {
  time.hold(nowMs);
  return ledger.due.lease('scan', 1, 10);
}

/** Begins a scan at the time. */
function beginAt({ ledger, time }: TestLedger, nowMs: number): Promise<BegunScan> {
  time.hold(nowMs);
  return ledger.scans.begin(TARGET, LEASE_MS);
}

test('a scan begins with its account, its regions and how the target was read last, and puts the target off', async () => {
  const one = await startKnown();
  await one.ledger.due.schedule('scan', [targetId(TARGET)]);

  const begun = await beginAt(one, NOW_MS + 5);

  expect(begun).toMatchObject({
    target: TARGET,
    leaseEndMs: LEASE_END_MS + 5,
    begunAtMs: NOW_MS + 5,
    readingMs: NOW_MS + 5,
  });
  expect(begun.scope).toMatchObject({ account: ACCOUNT, regions: [EAST], coverage: { status: 'pending' } });
  expect(await dueTargets(one, LEASE_END_MS + 4)).toEqual([]);
  expect(await dueTargets(one, LEASE_END_MS + 5)).toEqual([targetId(TARGET)]);
});

test('of an account that is not known there is no scope', async () => {
  expect((await bench.create().ledger.scans.begin(TARGET, LEASE_MS)).scope).toBeNull();
});

test('a scan ends with its reading, and the target is due again', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  const begun = await beginAt(one, NOW_MS + 5);
  const read = aCoverage({ attemptedAtMs: begun.readingMs });

  await scans.end(begun, read, 300_000);

  expect(await coverage.read(TARGET)).toEqual(read);
  expect((await coverage.sweep(NOW_MS + 10))?.targets).toMatchObject({ complete: 1, pending: 0 });
  expect(await dueTargets(one, NOW_MS + 300_004)).toEqual([]);
  expect(await dueTargets(one, NOW_MS + 300_005)).toEqual([targetId(TARGET)]);
});

test('a scan without a reading leaves the last one as it was, and is never due again when it says so', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  await coverage.put(TARGET, aCoverage({ attemptedAtMs: NOW_MS + 1 }));

  await scans.end(await beginAt(one, NOW_MS + 5), null, null);

  expect((await coverage.read(TARGET))?.attemptedAtMs).toBe(NOW_MS + 1);
  expect(await dueTargets(one, Number.MAX_SAFE_INTEGER)).toEqual([]);
});

test('what was scheduled during a scan is due at its end', async () => {
  const one = await startKnown();
  const { scans, due } = one.ledger;
  const begun = await beginAt(one, NOW_MS + 5);
  await due.schedule('scan', [targetId(TARGET)], 2);

  await scans.end(begun, aCoverage(), 300_000);

  expect(await dueTargets(one, NOW_MS + 9)).toEqual([targetId(TARGET)]);
});

test('a target that was forgotten during its scan does not come back', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  const begun = await beginAt(one, NOW_MS + 5);
  await coverage.removeAccount(ACCOUNT.accountId);

  await scans.end(begun, aCoverage(), 300_000);

  expect(await coverage.read(TARGET)).toBeNull();
  expect((await coverage.sweep(NOW_MS + 10))?.targets.total).toBe(0);
});

/** Ends a scan with a complete reading. @returns whether the sweep counts it */
async function countsFor({ ledger: { scans, coverage } }: TestLedger, begun: BegunScan): Promise<boolean> {
  await scans.end(begun, aCoverage({ attemptedAtMs: begun.readingMs }), 300_000);
  return (await coverage.sweep(NOW_MS))?.targets.complete === 1;
}

test('a reading that began before a sweep does not count for it, also in the same millisecond', async () => {
  const one = await startKnown();
  for (const passedMs of [0, 0, 1, 500]) {
    const begun = await beginAt(one, one.time.now() + passedMs);
    await one.ledger.coverage.startSweep('sweep-2');

    expect(await countsFor(one, begun)).toBe(false);
  }
});

test('a reading that began after the start of a sweep counts for it, also in the same millisecond', async () => {
  const one = await startKnown();
  for (const passedMs of [0, 0, 1, 500]) {
    await one.ledger.coverage.startSweep('sweep-2');

    expect(await countsFor(one, await beginAt(one, one.time.now() + passedMs))).toBe(true);
  }
});

test('no sweep stands still on a Redis whose clock was set back, as that of another primary', async () => {
  const one = await startKnown();
  const under = await beginAt(one, NOW_MS + 1_000);
  one.time.hold(NOW_MS - 360_000);

  const startedAtMs = await one.ledger.coverage.startSweep('sweep-2');

  expect(startedAtMs).toBe(under.readingMs + 1);
  expect(await countsFor(one, under)).toBe(false);
  expect(await countsFor(one, await beginAt(one, NOW_MS - 359_000))).toBe(true);
  await one.ledger.coverage.startSweep('sweep-3');
  expect((await one.ledger.coverage.sweep(NOW_MS))?.targets).toMatchObject({ complete: 0, pending: 1 });
  expect(await countsFor(one, await beginAt(one, NOW_MS - 358_000))).toBe(true);
});

test('a request to read again counts what began after it, and leaves the sweep what it had', async () => {
  const one = await startKnown();
  const before = await beginAt(one, NOW_MS + 5);
  const sinceMs = await one.ledger.coverage.requestReadings();

  expect(await countsFor(one, before)).toBe(true);
  expect(before.readingMs).toBeLessThan(sinceMs);
  expect((await beginAt(one, NOW_MS + 5)).readingMs).toBeGreaterThanOrEqual(sinceMs);
});

test('a scan that ends in another status than it began in moves its target, wherever it stands by then', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  const begun = await beginAt(one, NOW_MS + 5);
  await coverage.put(TARGET, aCoverage({ status: 'throttled', attemptedAtMs: NOW_MS + 6 }));

  await scans.end(begun, aCoverage({ attemptedAtMs: begun.readingMs }), 300_000);

  const targets = (await coverage.sweep(NOW_MS + 10))?.targets;
  expect(targets).toMatchObject({ complete: 1, throttled: 0, pending: 0 });
  expect(await dueTargets(one, NOW_MS + 300_005)).toEqual([targetId(TARGET)]);
});

test('a target whose stored reading cannot be understood is found in whatever status it stands', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  await coverage.put(TARGET, aCoverage({ status: 'denied', attemptedAtMs: NOW_MS + 1 }));
  await one.redis.hset(one.keys.coverage, targetId(TARGET), 'broken');
  const begun = await beginAt(one, NOW_MS + 5);

  await scans.end(begun, aCoverage({ attemptedAtMs: begun.readingMs }), 300_000);

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
  await scans.putRest(await scans.begin(TARGET, LEASE_MS), REST);

  expect((await scans.begin(TARGET, LEASE_MS)).rest).toEqual(REST);

  const [version = 0] = [...(await enrollments.readAll(TARGET)).values()].map((record) => record.version);
  await writeRecord(one, version + 1);
  expect((await scans.begin(TARGET, LEASE_MS)).rest).toEqual(REST);
  await writeRecord(one, version);
  expect((await scans.begin(TARGET, LEASE_MS)).rest).toBeNull();
});

test('a rest that was found before another process wrote a record is none', async () => {
  const one = await startKnown();
  const { scans } = one.ledger;
  await writeRecord(one, 0);
  const begun = await scans.begin(TARGET, LEASE_MS);
  const [version = 0] = [...(await one.ledger.enrollments.readAll(TARGET)).values()].map((r) => r.version);
  await writeRecord(one, version);

  await scans.putRest(begun, REST);

  expect((await scans.begin(TARGET, LEASE_MS)).rest).toBeNull();
});

test('a target without records is never at rest, and one whose record was set aside is no more', async () => {
  const one = await startKnown();
  const { scans, enrollments } = one.ledger;
  await scans.putRest(await scans.begin(TARGET, LEASE_MS), REST);
  expect((await scans.begin(TARGET, LEASE_MS)).rest).toBeNull();

  await writeRecord(one, 0);
  await scans.putRest(await scans.begin(TARGET, LEASE_MS), REST);
  await one.redis.hset(one.keys.target(TARGET).instances, aRecord('joined').instanceId, 'broken');
  await enrollments.setAsideUnreadable(TARGET);

  expect((await scans.begin(TARGET, LEASE_MS)).rest).toBeNull();
});

/** Calls of scripts that the server has run so far. */
async function scriptCalls({ redis }: TestLedger): Promise<number> {
  const stats = await redis.info('commandstats');
  return Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1] ?? 0);
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

  const begun = await Promise.all(targets.map((target, n) => scans.begin(target, LEASE_MS + n)));

  expect(await scriptCalls(one)).toBeLessThanOrEqual(before + 3);
  expect(begun.map((scan) => scan.target)).toEqual(targets);
  expect(begun.map((scan) => scan.scope?.account ?? null)).toEqual([null, ...accounts]);
  expect(begun.map((scan) => scan.scope?.coverage?.detail)).toEqual([
    undefined,
    ...accounts.map((_, n) => `account ${n}`),
  ]);
  const scores = await one.redis.zmscore(one.keys.due('scan'), ...targets.map(targetId));
  expect(scores.map(Number)).toEqual(targets.map((_, n) => LEASE_END_MS + n));
});

test('scans that end in one turn leave each target where its own scan says', async () => {
  const one = await startKnown();
  const { scans, coverage } = one.ledger;
  const regions = Array.from({ length: 20 }, (_, n) => `us-east-${n + 1}` as Region);
  await coverage.putRegions(ACCOUNT.accountId, regions, NOW_MS);
  const targets = regions.map((region) => aTarget(0, region));
  const begun = await Promise.all(targets.map((target) => scans.begin(target, LEASE_MS)));
  const statuses = ['complete', 'failed', 'throttled', null] as const;
  const before = await scriptCalls(one);

  await Promise.all(
    begun.map((scan, n) => {
      const status = statuses[n % statuses.length] ?? null;
      const read = status === null ? null : aCoverage({ status, attemptedAtMs: NOW_MS + 5 });
      return scans.end(scan, read, n === 0 ? null : 300_000 + n);
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
  const first = await beginAt(one, NOW_MS + 5);
  const second = await beginAt(one, NOW_MS + 6);
  one.time.hold(NOW_MS + 9);

  await Promise.all([
    scans.end(second, aCoverage({ status: 'failed', attemptedAtMs: NOW_MS + 6 }), 300_000),
    scans.end(first, aCoverage({ attemptedAtMs: NOW_MS + 5 }), 400_000),
  ]);

  // The second ended its lease; the first finds another time than its own, and makes the target due now.
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
    [TARGET, aTarget(1, EAST)].map((target) => scans.begin(target, LEASE_MS)),
  );
  await one.redis.del(one.keys.accounts);

  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect((await scans.begin(TARGET, LEASE_MS)).scope).toBeNull();
});
