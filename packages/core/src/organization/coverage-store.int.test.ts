import { aCoverage, anAccountId, aTarget, NOW_MS, seededRandom } from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { Account } from './account.ts';
import { COVERAGE_STATUSES, type Coverage, type TargetCounts } from './coverage.ts';
import type { Region } from './ids.ts';
import { targetId } from './target.ts';
import { parseCoverageId } from './coverage-store.ts';

const bench = useLedgerBench();

/** A ledger whose Redis says NOW_MS. */
function createHeld(): TestLedger {
  const one = bench.create();
  one.time.hold(NOW_MS);
  return one;
}

const ACCOUNT = anAccountId();
const [EAST, WEST] = ['us-east-1', 'eu-west-1'] as [Region, Region];
const DENIED: Coverage = aCoverage({
  status: 'denied',
  completeAtMs: null,
  cause: 'ec2-perm-account-denied',
  failures: 1,
});

function anAccount(n = 0, facts: Partial<Account> = {}): Account {
  return {
    accountId: anAccountId(n),
    name: `account-${n}`,
    state: 'ACTIVE',
    ancestorIds: ['r-ab12'],
    ...facts,
  };
}

/** A sweep over one account with two regions, nothing read yet. */
async function beginSweep({ ledger: { coverage } }: TestLedger): Promise<void> {
  await coverage.startSweep('sweep-1');
  await coverage.putAccounts([anAccount()]);
  await coverage.endAccountListing('sweep-1', NOW_MS + 1, null, 0);
  await coverage.putRegions(ACCOUNT, [EAST, WEST], NOW_MS + 2);
}

function sumOf(targets: TargetCounts): number {
  return COVERAGE_STATUSES.reduce((sum, status) => sum + targets[status], 0);
}

async function targetsOf({ ledger }: TestLedger): Promise<Partial<TargetCounts>> {
  const targets = (await ledger.coverage.sweep(NOW_MS + 10))?.targets;
  return Object.fromEntries(Object.entries(targets ?? {}).filter(([, count]) => count > 0));
}

test('before the first sweep there is none', async () => {
  expect(await createHeld().ledger.coverage.sweep(NOW_MS)).toBeNull();
});

test('an account is known as it was put, its regions once they are resolved', async () => {
  const { coverage } = createHeld().ledger;
  expect(await coverage.account(ACCOUNT)).toBeNull();
  await coverage.putAccounts([anAccount(0), anAccount(1)]);
  expect(await coverage.account(ACCOUNT)).toEqual({
    account: anAccount(),
    regions: null,
    resolvedAtMs: null,
  });

  expect(await coverage.putRegions(ACCOUNT, [WEST], NOW_MS)).toEqual([]);
  await coverage.putAccounts([anAccount(0, { name: 'renamed' })]);
  await coverage.putAccounts([]);

  expect(await coverage.account(ACCOUNT)).toEqual({
    account: anAccount(0, { name: 'renamed' }),
    regions: [WEST],
    resolvedAtMs: NOW_MS,
  });
  expect((await coverage.accountIds()).toSorted()).toEqual([anAccountId(0), anAccountId(1)]);
});

test('an account listed while its regions are being resolved keeps them', async () => {
  const one = createHeld();
  const [lister, resolver] = [one.another().coverage, one.another().coverage];
  await lister.putAccounts([anAccount()]);

  for (let n = 0; n < 100; n += 1) {
    const regions = [`eu-west-${n}` as Region];
    await Promise.all([lister.putAccounts([anAccount()]), resolver.putRegions(ACCOUNT, regions, NOW_MS + n)]);
    expect((await lister.account(ACCOUNT))?.regions).toEqual(regions);
  }
  expect((await one.ledger.coverage.all()).map(({ id }) => id)).toEqual([`${ACCOUNT}.eu-west-99`]);
});

test('resolved regions make targets known as pending, and those no longer in scope are forgotten and returned', async () => {
  const one = createHeld();
  await beginSweep(one);
  const { coverage } = one.ledger;
  await coverage.put(aTarget(0, WEST), aCoverage());
  expect((await coverage.read(aTarget(0, EAST)))?.status).toBe('pending');

  const dropped = await coverage.putRegions(ACCOUNT, [WEST], NOW_MS + 5);

  expect(dropped).toEqual([aTarget(0, EAST)]);
  expect(await coverage.read(aTarget(0, EAST))).toBeNull();
  expect(await coverage.read(aTarget(0, WEST))).toEqual(aCoverage());
  expect(await targetsOf(one)).toEqual({ complete: 1, total: 1 });
});

test('regions of an account that was removed meanwhile are not put', async () => {
  const one = createHeld();
  await beginSweep(one);
  await one.ledger.coverage.removeAccount(ACCOUNT);

  expect(await one.ledger.coverage.putRegions(ACCOUNT, [WEST], NOW_MS)).toEqual([]);
  await one.ledger.coverage.denyAccount(ACCOUNT, DENIED);

  expect(await one.ledger.coverage.all()).toEqual([]);
  expect(await one.ledger.coverage.account(ACCOUNT)).toBeNull();
});

test('a reading that ends after its target was forgotten does not bring the target back', async () => {
  const one = createHeld();
  await beginSweep(one);
  await one.ledger.coverage.putRegions(ACCOUNT, [WEST], NOW_MS + 5);

  await one.ledger.coverage.put(aTarget(0, EAST), aCoverage());

  expect((await one.ledger.coverage.all()).map(({ id }) => id)).toEqual([`${ACCOUNT}.${WEST}`]);
  expect(await targetsOf(one)).toEqual({ pending: 1, total: 1 });
});

test('an account that cannot be entered counts as one denied target, whatever its regions say later', async () => {
  const one = createHeld();
  await beginSweep(one);
  const { coverage } = one.ledger;
  await coverage.put(aTarget(0, WEST), aCoverage({ attemptedAtMs: NOW_MS + 3 }));

  await coverage.denyAccount(ACCOUNT, DENIED);
  await coverage.put(aTarget(0, EAST), DENIED);

  expect(await coverage.all()).toEqual([
    { id: `${ACCOUNT}.*`, coverage: { ...DENIED, completeAtMs: NOW_MS } },
  ]);
  const sweep = await coverage.sweep(NOW_MS + 10);
  expect(sweep?.accounts).toMatchObject({ total: 1, denied: 1 });
  expect(sweep?.targets).toMatchObject({ total: 1, denied: 1 });
  expect(sweep?.verdict).toBe('failed');
});

test('an account that is denied keeps when it was last read whole, and stands among what was not read', async () => {
  const one = createHeld();
  await beginSweep(one);
  const { coverage } = one.ledger;
  await coverage.put(aTarget(0, WEST), aCoverage({ attemptedAtMs: NOW_MS + 3, completeAtMs: NOW_MS + 3 }));

  await coverage.denyAccount(ACCOUNT, DENIED);
  await coverage.denyAccount(ACCOUNT, { ...DENIED, attemptedAtMs: NOW_MS + 9 });

  const denied = { ...DENIED, attemptedAtMs: NOW_MS + 9, completeAtMs: NOW_MS + 3 };
  expect(await coverage.readDenied(ACCOUNT)).toEqual(denied);
  expect(await coverage.unread()).toEqual([{ place: ACCOUNT, isAccount: true, coverage: denied }]);
  expect(await coverage.regions()).toEqual([EAST, WEST].toSorted());
});

test('a denied account that lets us in again has its targets again, and no stand-in', async () => {
  const one = createHeld();
  await beginSweep(one);
  await one.ledger.coverage.denyAccount(ACCOUNT, DENIED);
  expect((await one.ledger.coverage.account(ACCOUNT))?.resolvedAtMs).toBe(DENIED.attemptedAtMs);

  await one.ledger.coverage.putRegions(ACCOUNT, [EAST, WEST], NOW_MS + 9);

  expect(await targetsOf(one)).toEqual({ pending: 2, total: 2 });
  expect((await one.ledger.coverage.sweep(NOW_MS + 10))?.accounts.denied).toBe(0);
});

test('a removed account returns its targets and leaves nothing', async () => {
  const one = createHeld();
  await beginSweep(one);
  await one.ledger.coverage.denyAccount(ACCOUNT, DENIED);

  expect(await one.ledger.coverage.removeAccount(ACCOUNT)).toEqual([aTarget(0, EAST), aTarget(0, WEST)]);
  expect(await one.ledger.coverage.removeAccount(ACCOUNT)).toEqual([]);

  expect(await one.ledger.coverage.accountIds()).toEqual([]);
  expect(await one.ledger.coverage.sweep(NOW_MS + 10)).toMatchObject({
    accounts: { total: 0, denied: 0, inactive: 0 },
    targets: { total: 0 },
  });
});

test('a sweep is finished when the accounts are listed, their regions resolved and every target read since it began', async () => {
  const one = createHeld();
  const { coverage } = one.ledger;
  const finishedAt = async (nowMs: number) => (await coverage.sweep(nowMs))?.finishedAtMs;
  await coverage.startSweep('sweep-1');
  expect(await finishedAt(NOW_MS)).toBeNull();
  await coverage.putAccounts([anAccount()]);
  await coverage.endAccountListing('sweep-1', NOW_MS + 1, null, 0);
  expect(await finishedAt(NOW_MS + 1)).toBeNull();
  await coverage.putRegions(ACCOUNT, [EAST, WEST], NOW_MS + 2);
  await coverage.put(aTarget(0, EAST), aCoverage({ attemptedAtMs: NOW_MS + 3 }));
  expect(await finishedAt(NOW_MS + 3)).toBeNull();

  await coverage.put(aTarget(0, WEST), aCoverage({ attemptedAtMs: NOW_MS + 4 }));

  expect(await finishedAt(NOW_MS + 5)).toBe(NOW_MS + 5);
  expect(await coverage.sweep(NOW_MS + 9)).toEqual({
    id: 'sweep-1',
    startedAtMs: NOW_MS,
    finishedAtMs: NOW_MS + 5,
    verdict: 'complete',
    accounts: { total: 1, denied: 0, inactive: 0 },
    targets: {
      complete: 2,
      partial: 0,
      denied: 0,
      regionOff: 0,
      throttled: 0,
      failed: 0,
      pending: 0,
      total: 2,
    },
  });
});

test('a new sweep counts what was read before it as pending, but not what is denied or off', async () => {
  const one = createHeld();
  const { coverage } = one.ledger;
  await beginSweep(one);
  await coverage.putRegions(ACCOUNT, ['a-a', 'a-b', 'a-c', 'a-d', 'a-e'] as Region[], NOW_MS);
  const statuses = ['complete', 'failed', 'throttled', 'denied', 'regionOff'] as const;
  for (const [n, status] of statuses.entries()) {
    await coverage.put(aTarget(0, `a-${'abcde'[n] ?? ''}`), aCoverage({ status }));
  }

  one.time.advance(5);
  await coverage.startSweep('sweep-2');

  expect(await targetsOf(one)).toEqual({ pending: 3, denied: 1, regionOff: 1, total: 5 });
  expect(await coverage.sweep(NOW_MS + 10)).toMatchObject({
    id: 'sweep-2',
    finishedAtMs: null,
    verdict: null,
  });
});

test('sweeps that have ended are kept as they were then, the newest first, each once however many see its end', async () => {
  const one = createHeld();
  const { coverage } = one.ledger;
  for (let n = 1; n <= 60; n += 1) {
    const startedAtMs = NOW_MS + 1_000 * n;
    one.time.hold(startedAtMs);
    await coverage.startSweep(`sweep-${n}`);
    await coverage.putAccounts([anAccount()]);
    await coverage.endAccountListing(`sweep-${n}`, startedAtMs, null, 0);
    await coverage.putRegions(ACCOUNT, [EAST], startedAtMs);
    // Every seventh was not read when the next one began, and never ended.
    const attemptedAtMs = n % 7 === 0 ? NOW_MS : startedAtMs;
    await coverage.put(aTarget(0, EAST), aCoverage({ attemptedAtMs }));
    await Promise.all([one.another().coverage.sweep(startedAtMs + 1), coverage.sweep(startedAtMs + 1)]);
  }

  const ended = await coverage.endedSweeps();

  expect(ended.length).toBe(50);
  expect(ended.slice(0, 5).map(({ id }) => id)).toEqual([60, 59, 58, 57, 55].map((n) => `sweep-${n}`));
  expect(ended[0]).toMatchObject({
    startedAtMs: NOW_MS + 60_000,
    finishedAtMs: NOW_MS + 60_001,
    verdict: 'complete',
    targets: { total: 1, complete: 1, pending: 0 },
  });
});

test('a listing that failed ends the sweep as partial, and without anything read as failed', async () => {
  const one = createHeld();
  const { coverage } = one.ledger;
  await beginSweep(one);
  for (const region of [EAST, WEST]) {
    await coverage.put(aTarget(0, region), aCoverage({ attemptedAtMs: NOW_MS + 3 }));
  }
  await coverage.endAccountListing('sweep-1', NOW_MS + 4, 'AccessDenied', 0);
  const empty = createHeld().ledger.coverage;
  await empty.startSweep('sweep-1');
  await empty.endAccountListing('sweep-1', NOW_MS, 'AccessDenied', 0);

  expect((await coverage.sweep(NOW_MS + 5))?.verdict).toBe('partial');
  expect((await empty.sweep(NOW_MS + 5))?.verdict).toBe('failed');
});

test('a reader that found the last sweep finished does not finish the one that has begun meanwhile', async () => {
  const one = createHeld();
  const { coverage } = one.ledger;
  await beginSweep(one);
  for (const region of [EAST, WEST]) {
    await coverage.put(aTarget(0, region), aCoverage({ attemptedAtMs: NOW_MS + 3 }));
  }
  const reader = one.another().coverage;

  for (let n = 1; n <= 50; n += 1) {
    const startedAtMs = NOW_MS + 100 * n;
    one.time.hold(startedAtMs);
    await Promise.all([reader.sweep(startedAtMs), coverage.startSweep(`sweep-${n}`)]);
    expect(await coverage.sweep(startedAtMs + 1)).toMatchObject({ id: `sweep-${n}`, finishedAtMs: null });
    // Now it can finish, and a process looks just while the next one starts.
    await coverage.endAccountListing(`sweep-${n}`, startedAtMs + 2, null, 0);
    for (const region of [EAST, WEST]) {
      await coverage.put(aTarget(0, region), aCoverage({ attemptedAtMs: startedAtMs + 3 }));
    }
  }
});

test.each([31, 32])(
  'the counts of targets sum to their total whatever happens at once (seed %i)',
  async (seed) => {
    const one = createHeld();
    await one.ledger.coverage.startSweep('sweep-1');
    const stop = new AbortController();
    async function change(worker: number): Promise<void> {
      const { coverage } = one.another();
      const random = seededRandom(seed * 10 + worker);
      for (let turn = 0; turn < 150; turn += 1) {
        const n = Math.floor(random() * 5);
        const dice = random();
        const status = COVERAGE_STATUSES[Math.floor(random() * 7)] ?? 'complete';
        const attemptedAtMs = NOW_MS - 500 + Math.floor(random() * 1_000);
        const regions = (['r-a', 'r-b', 'r-c', 'r-d'] as Region[]).filter(() => random() < 0.6);
        if (dice < 0.15) await coverage.putAccounts([anAccount(n)]);
        else if (dice < 0.3) await coverage.putRegions(anAccountId(n), regions, NOW_MS);
        else if (dice < 0.35) await coverage.removeAccount(anAccountId(n));
        else if (dice < 0.4) await coverage.denyAccount(anAccountId(n), DENIED);
        else await coverage.put(aTarget(n, regions[0] ?? 'r-a'), aCoverage({ status, attemptedAtMs }));
      }
    }
    async function watch(): Promise<void> {
      const { coverage } = one.another();
      while (!stop.signal.aborted) {
        const sweep = await coverage.sweep(NOW_MS);
        if (sweep === null) throw new Error('the sweep is gone');
        expect(sumOf(sweep.targets)).toBe(sweep.targets.total);
      }
    }

    const watching = watch();
    await Promise.all([0, 1, 2, 3].map(change));
    stop.abort();
    await watching;

    const sweep = await one.ledger.coverage.sweep(NOW_MS);
    const all = await one.ledger.coverage.all();
    expect(sweep?.targets.total).toBe(all.length);
    for (const status of COVERAGE_STATUSES) {
      const members = await one.redis.zrange(one.keys.coverageStatus(status), 0, '-1');
      const told = all.filter(({ coverage }) => coverage.status === status).map(({ id }) => id);
      expect(members.toSorted()).toEqual(told.toSorted());
    }
  },
);

test('accounts that are closed or suspended are counted beside those in scope', async () => {
  const one = createHeld();
  await beginSweep(one);
  await one.ledger.coverage.endAccountListing('sweep-1', NOW_MS + 1, null, 3);

  expect((await one.ledger.coverage.sweep(NOW_MS + 2))?.accounts).toEqual({
    total: 1,
    denied: 0,
    inactive: 3,
  });
});

test('an account or coverage that cannot be read is left out', async () => {
  const one = createHeld();
  await one.redis.hset(one.keys.accounts, ACCOUNT, '{"accountId":"1"}');
  await one.redis.hset(one.keys.coverage, targetId(aTarget()), '{');

  expect(await one.ledger.coverage.account(ACCOUNT)).toBeNull();
  expect(await one.ledger.coverage.read(aTarget())).toBeNull();
  expect(await one.ledger.coverage.all()).toEqual([]);
});

test('an id of coverage is a target or a whole account', () => {
  expect(parseCoverageId(`${ACCOUNT}.*`)).toEqual({ accountId: ACCOUNT, target: null });
  expect(parseCoverageId(targetId(aTarget()))).toEqual({ accountId: ACCOUNT, target: aTarget() });
  expect(() => parseCoverageId('x.*')).toThrow('12 digits');
});

test('a sweep, and a request to read again, start later than every reading that has begun', async () => {
  const { ledger, time } = createHeld();
  const { coverage } = ledger;
  expect(await coverage.beginReading()).toBe(NOW_MS);
  expect(await coverage.requestReadings()).toBe(NOW_MS + 1);
  expect(await coverage.beginReading()).toBe(NOW_MS + 1);
  expect(await coverage.startSweep('sweep-1')).toBe(NOW_MS + 2);
  expect((await coverage.sweep(NOW_MS))?.startedAtMs).toBe(NOW_MS + 2);

  time.hold(NOW_MS + 20_000);
  expect(await coverage.requestReadings()).toBe(NOW_MS + 20_000);
  expect((await coverage.sweep(NOW_MS))?.startedAtMs).toBe(NOW_MS + 2);
  time.hold(NOW_MS - 60_000);
  expect(await coverage.beginReading()).toBe(NOW_MS + 20_000);
  expect(await coverage.startSweep('sweep-2')).toBe(NOW_MS + 20_001);
});

test('a listing of accounts that began before a sweep does not count for it', async () => {
  const one = createHeld();
  const { coverage } = one.ledger;
  await beginSweep(one);
  await coverage.startSweep('sweep-2');
  await coverage.putRegions(ACCOUNT, [], NOW_MS + 11);

  await coverage.endAccountListing('sweep-1', NOW_MS + 12, null, 0);
  expect((await coverage.sweep(NOW_MS + 13))?.finishedAtMs).toBeNull();

  await coverage.endAccountListing('sweep-2', NOW_MS + 14, 'AccessDenied', 0);
  expect(await coverage.sweep(NOW_MS + 15)).toMatchObject({ finishedAtMs: NOW_MS + 15, verdict: 'failed' });
});

test.each(['evil', '', '1e300', 'inf', 'nan', '-5', '9'.repeat(30), '1e14', '99999999999999'])(
  'a sweep whose times another client has written (%j) is none, and the next one takes its place',
  async (forged) => {
    const { ledger, redis, keys } = createHeld();
    const { coverage } = ledger;
    await coverage.startSweep('sweep-1');
    await redis.hset(keys.sweep, { startedAtMs: forged, newestMs: forged });

    expect(await coverage.sweep(NOW_MS)).toBeNull();
    expect(await coverage.beginReading()).toBe(NOW_MS);
    await redis.hset(keys.sweep, 'newestMs', forged);

    expect(await coverage.startSweep('sweep-2')).toBe(NOW_MS);
    expect(await coverage.sweep(NOW_MS + 6)).toMatchObject({ id: 'sweep-2', startedAtMs: NOW_MS });
  },
);
