import { anAccountId, anInstanceId, NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { describe, expect, test } from 'vitest';
import { type BrakeRule, isWindowOver } from './brake.ts';
import { DEFAULT_BRAKE, type Fate, playRollOut, type RollOut } from './roll-out.fixture.ts';
import type { BrakeLedger, SentHost } from './brake-store.ts';

const bench = useLedgerBench();
const ACCOUNT = anAccountId();
const RULE: BrakeRule = { window: 10, minOutcomes: 4, maxFailureShare: 0.5 };

/** Hosts by number; `failedBeforeAtMs` for all of them. */
function hosts(from: number, count: number, failedBeforeAtMs: number | null = null): SentHost[] {
  return Array.from({ length: count }, (_, n) => ({ instanceId: anInstanceId(from + n), failedBeforeAtMs }));
}

/** Tells the ends of hosts by number, and says what of the account's windows came back as `failed/sent (open)`. */
async function ended(
  brake: BrakeLedger,
  from: number,
  count: number,
  failed: boolean,
  account = ACCOUNT,
): Promise<readonly string[]> {
  const told = hosts(from, count).map(({ instanceId }) => ({ instanceId, failed }));
  const windows = await brake.countEnded(account, told, RULE, NOW_MS);
  return windows
    .filter(({ scope }) => scope !== 'all')
    .map(({ accounts, open }) => `${accounts.map((one) => `${one.failed}/${one.sent}`).join(' ')} (${open})`);
}

const send = (
  brake: BrakeLedger,
  sent: readonly SentHost[],
  account = ACCOUNT,
  atMs = NOW_MS,
): Promise<void> => brake.countSent(account, sent, RULE, atMs);

describe('a window', () => {
  test('has the hosts that were sent to one after another, and counts those under way as not failed', async () => {
    const { brake } = bench.create().ledger;
    await send(brake, hosts(0, 8));

    expect(await ended(brake, 0, 3, true)).toEqual(['3/8 (5)']);
    expect(await ended(brake, 3, 2, false)).toEqual([]);
    expect(await ended(brake, 5, 2, true)).toEqual(['5/8 (1)']);
  });

  test('counts each end once, however often and by whom it is told', async () => {
    const store = bench.create();
    const { ledger } = store;
    await send(ledger.brake, hosts(0, 8));
    await ended(ledger.brake, 0, 3, true);

    const again = await Promise.all(
      Array.from({ length: 5 }, () => ended(store.another().brake, 0, 4, true)),
    );

    expect(again.flat()).toEqual(['4/8 (4)']);
  });

  test('is full at its size, and its slow failures still count when others have begun', async () => {
    const { brake } = bench.create().ledger;
    await send(brake, hosts(0, 25));

    expect(await ended(brake, 0, 10, true)).toEqual(['10/10 (0)']);
    expect(await ended(brake, 24, 1, true)).toEqual(['1/5 (4)']);
    expect(await ended(brake, 10, 6, true)).toEqual(['6/10 (4)']);
  });

  test('that can no longer be over is forgotten, with all its hosts', async () => {
    const { ledger, redis, keys } = bench.create();
    const key = keys.brake(`account:${ACCOUNT}`);
    await send(ledger.brake, hosts(0, 10));
    await send(ledger.brake, hosts(10, 1));
    expect(await redis.hlen(key)).toBe(16);

    await ended(ledger.brake, 0, 5, false);

    expect((await redis.hkeys(key)).toSorted()).toEqual([
      'first',
      `h:${anInstanceId(10)}`,
      'kept',
      'number',
      'w:2',
    ]);
  });

  test('leaves out what failed before: retries of the same hosts say nothing new', async () => {
    const { brake } = bench.create().ledger;
    await send(brake, hosts(0, 5));
    await ended(brake, 0, 5, false);

    for (let round = 1; round <= 10; round += 1) {
      await send(brake, hosts(20, 5, NOW_MS - 1));
      expect(await ended(brake, 20, 5, true)).toEqual([]);
    }
  });

  test('of everything takes a part of its hosts from one account, and begins anew when that account has told all it can', async () => {
    const { redis, ledger, keys } = bench.create();
    const inWindow = async (): Promise<unknown> => {
      const number = await redis.hget(keys.brake('all'), 'number');
      return (
        JSON.parse((await redis.hget(keys.brake('all'), `w:${number}`)) ?? 'null') as { accounts: unknown }
      ).accounts;
    };

    await send(ledger.brake, hosts(0, 8));
    await send(ledger.brake, hosts(100, 1), anAccountId(1));
    expect(await inWindow()).toEqual({ [anAccountId()]: [2, 0], [anAccountId(1)]: [1, 0] });

    await ended(ledger.brake, 0, 8, false);
    await ended(ledger.brake, 100, 1, false, anAccountId(1));
    await send(ledger.brake, hosts(8, 3));
    expect(await inWindow()).toEqual({ [anAccountId()]: [2, 0] });
  });

  test('of everything that has failed so far waits an hour for hosts of other accounts', async () => {
    const { redis, ledger, keys } = bench.create();
    const number = (): Promise<string | null> => redis.hget(keys.brake('all'), 'number');
    await send(ledger.brake, hosts(0, 2));
    await ended(ledger.brake, 0, 2, true);

    await send(ledger.brake, hosts(2, 2), ACCOUNT, NOW_MS + 3_600_000);
    expect(await number()).toBe('1');
    await send(ledger.brake, hosts(4, 2), ACCOUNT, NOW_MS + 3_600_001);
    expect(await number()).toBe('2');
  });

  test('older than three days learns nothing more', async () => {
    const { brake } = bench.create().ledger;
    await send(brake, hosts(0, 8));
    await send(brake, hosts(8, 4), ACCOUNT, NOW_MS + 73 * 3_600_000);

    expect(await ended(brake, 0, 8, true)).toEqual([]);
    expect(await ended(brake, 8, 4, true)).toEqual(['4/4 (0)']);
  });
});

describe('after a reset', () => {
  test('nothing that was sent before counts, in the scope and in every account of all', async () => {
    const { brake } = bench.create().ledger;
    await send(brake, hosts(0, 10));
    await ended(brake, 0, 5, true);

    await brake.reset('all', NOW_MS);

    expect(await ended(brake, 5, 5, true)).toEqual([]);
    await send(brake, hosts(20, 4));
    expect(await ended(brake, 20, 4, true)).toEqual(['4/4 (0)']);
  });

  test('what failed while the brake was engaged counts once more, what failed earlier or later does not', async () => {
    const { brake } = bench.create().ledger;
    const scope = `account:${ACCOUNT}` as const;
    await send(brake, hosts(0, 10));
    await ended(brake, 0, 10, true);
    await brake.noteEngaged({ scope, beganAtMs: NOW_MS }, NOW_MS + 9_000);
    await brake.reset(scope, NOW_MS + 20_000);

    await send(brake, [
      ...hosts(0, 4, NOW_MS + 5_000),
      ...hosts(50, 4, NOW_MS - 1),
      ...hosts(60, 4, NOW_MS + 20_001),
    ]);

    expect(await ended(brake, 0, 70, true)).toEqual(['4/4 (0)']);
  });

  test('of a scope that has no brake, nothing happens', async () => {
    const { redis, ledger, keys } = bench.create();
    await ledger.brake.reset(`instance:${anInstanceId()}`, NOW_MS);

    expect(await redis.exists(keys.brake(`instance:${anInstanceId()}`), keys.brake('all'))).toBe(0);
  });
});

test('what is kept of a flood of hosts that never end is bounded', async () => {
  const { ledger, redis, keys } = bench.create();
  for (let n = 0; n < 3_000; n += 50) await send(ledger.brake, hosts(n, 50));

  expect(await redis.hlen(keys.brake(`account:${ACCOUNT}`))).toBeLessThan(2_300);
  // The oldest are kept: they are the first to end.
  expect(await ended(ledger.brake, 0, 6, true)).toEqual(['6/10 (4)']);
});

/** Bad hosts end in seconds, or after the time to join is over; good ones in one to three minutes. */
function fate(badShare: number, random: () => number): Fate {
  if (random() >= badShare) return { failed: false, tookMs: 60_000 + 120_000 * random() };
  const kind = random();
  if (kind < 0.7) return { failed: true, tookMs: 1_000 + 4_000 * random() };
  return { failed: true, tookMs: kind < 0.85 ? 420_000 : 130_000 };
}

const ROLL_OUT: Omit<RollOut, 'seed' | 'fateOf'> = {
  accounts: 20,
  hosts: 1_500,
  commandsPerSecond: 20,
  inFlight: 1_000,
  retries: 2,
};
const SEEDS = Array.from({ length: 5 }, (_, n) => n + 1);

/** The same in other shapes: hosts spread thinly, a trickle, few accounts, one account. */
const SHAPES: readonly [string, Partial<RollOut>][] = [
  ['twenty accounts', {}],
  ['an account for every host or two', { accounts: 400, hosts: 600 }],
  ['twenty accounts, with few in flight', { inFlight: 100, commandsPerSecond: 2 }],
  ['one command at a time', { commandsPerSecond: 0.05, hosts: 500 }],
  ['four accounts', { accounts: 4, hosts: 400 }],
  ['one account', { accounts: 1, hosts: 300 }],
];

describe.each(SHAPES)('a first roll-out over %s', (_shape, shape) => {
  test('of a fleet that is 97 % healthy never engages the brake, in whatever order its hosts end', async () => {
    for (const seed of SEEDS) {
      const plan = {
        ...ROLL_OUT,
        ...shape,
        seed,
        fateOf: (_: number, random: () => number) => fate(0.03, random),
      };

      expect(await playRollOut(bench.create().ledger.brake, plan), `seed ${seed}`).toEqual([]);
    }
  });

  test.each([
    ['fails at once', 3_000],
    ['installs and never joins', 420_000],
  ])(
    'with an installer that %s engages it when at most three windows of hosts have ended',
    async (_what, tookMs) => {
      for (const seed of SEEDS) {
        const fateOf = (): Fate => ({ failed: true, tookMs });
        const engaged = await playRollOut(bench.create().ledger.brake, {
          ...ROLL_OUT,
          ...shape,
          seed,
          fateOf,
        });
        const accounts = { ...ROLL_OUT, ...shape }.accounts;

        const window = DEFAULT_BRAKE.window;
        expect(engaged[0]?.ended, `seed ${seed}`).toBeLessThanOrEqual(accounts < 3 ? window : 3 * window);
        if (accounts < 3) continue;
        // A window of everything has few hosts of each account: what ends of the others meanwhile is beside it.
        const all = engaged.find(({ scope }) => scope === 'all');
        expect(all?.ended, `seed ${seed}`).toBeLessThanOrEqual(3 * window);
        expect(all?.sent, `seed ${seed}`).toBeLessThanOrEqual(ROLL_OUT.inFlight + 3 * window);
      }
    },
  );
});

test('a roll-out with one broken account stops that account alone, within its window', async () => {
  for (const seed of SEEDS) {
    const fateOf = (account: number, random: () => number): Fate =>
      account === 3 ? { failed: true, tookMs: 3_000 } : fate(0.03, random);
    const engaged = await playRollOut(bench.create().ledger.brake, { ...ROLL_OUT, seed, fateOf });

    expect(
      engaged.map(({ scope }) => scope),
      `seed ${seed}`,
    ).toEqual([`account:${anAccountId(3)}`]);
    expect(engaged[0]?.ended).toBeLessThanOrEqual(DEFAULT_BRAKE.window);
  }
});

test('with three broken accounts of twenty, everything else goes on', async () => {
  for (const seed of SEEDS) {
    const fateOf = (account: number, random: () => number): Fate =>
      account < 3 ? { failed: true, tookMs: 3_000 } : fate(0.03, random);
    const engaged = await playRollOut(bench.create().ledger.brake, { ...ROLL_OUT, seed, fateOf });

    expect(engaged.map(({ scope }) => scope).toSorted(), `seed ${seed}`).toEqual(
      [0, 1, 2].map((n) => `account:${anAccountId(n)}`),
    );
  }
});

test('isWindowOver is asked with what the ledger gives: several accounts that fail are over together', async () => {
  const { brake } = bench.create().ledger;
  for (let n = 0; n < 4; n += 1) await send(brake, hosts(n * 10, 2), anAccountId(n));
  const windows = [];
  for (let n = 0; n < 4; n += 1) {
    const told = hosts(n * 10, 2).map(({ instanceId }) => ({ instanceId, failed: true }));
    windows.push(...(await brake.countEnded(anAccountId(n), told, RULE, NOW_MS)));
  }

  const all = windows.filter(({ scope }) => scope === 'all');
  expect(all.map((window) => isWindowOver(window, RULE, 4))).toEqual([false, false, true, true]);
});
