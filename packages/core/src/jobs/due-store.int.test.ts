import { NOW_MS, seededRandom } from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { DUE_KINDS } from './catalog.ts';

const bench = useLedgerBench();

const M = '100000000000.eu-west-1';
const LEASE_MS = 45_000;

/** A ledger whose Redis says NOW_MS. */
function createHeld(): TestLedger {
  const one = bench.create();
  one.time.hold(NOW_MS);
  return one;
}

/** How many members there are at the time, and how many of them are due. */
async function countAt({ ledger, time }: TestLedger, nowMs: number): Promise<{ all: number; due: number }> {
  time.hold(nowMs);
  const { all, due } = await ledger.due.count('scan');
  return { all, due };
}

/** What a lease at the time hands out. */
function leasedAt({ ledger, time }: TestLedger, nowMs: number, limit = 100): Promise<readonly string[]> {
  time.hold(nowMs);
  return ledger.due.lease('scan', LEASE_MS, limit);
}

test('what is scheduled is due from its time on, not before', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  await due.schedule('scan', [M]);

  expect(await leasedAt(one, NOW_MS - 1)).toEqual([]);
  expect(await leasedAt(one, NOW_MS)).toEqual([M]);
});

test('scheduling later than it already was changes nothing to speak of, earlier brings it forward', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  await due.schedule('scan', [M]);
  await due.schedule('scan', [M], 1_000);
  expect(await countAt(one, NOW_MS)).toEqual({ all: 1, due: 1 });

  await due.schedule('scan', [M], -5_000);

  expect(await countAt(one, NOW_MS - 5_000)).toEqual({ all: 1, due: 1 });
});

test('a lease hands a member out once, and again when the lease has ended', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  await due.schedule('scan', [M]);

  expect(await leasedAt(one, NOW_MS)).toEqual([M]);
  expect(await leasedAt(one, NOW_MS + LEASE_MS - 1)).toEqual([]);
  expect(await leasedAt(one, NOW_MS + LEASE_MS)).toEqual([M]);
});

test('the longest due comes first, and no more than asked for', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  await due.schedule('scan', ['late', 'later', 'first'], (place) => [-1, 0, -9][place] ?? 0);

  expect(await leasedAt(one, NOW_MS, 2)).toEqual(['first', 'late']);
  expect(await leasedAt(one, NOW_MS, 2)).toEqual(['later']);
});

test('kinds do not mix', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  for (const kind of DUE_KINDS) await due.schedule(kind, [kind]);

  for (const kind of DUE_KINDS) expect(await due.lease(kind, LEASE_MS, 10)).toEqual([kind]);
});

test('many schedulers at once hand every member out exactly once', async () => {
  const one = createHeld();
  const members = Array.from({ length: 1_203 }, (_, n) => `member-${n}`);
  await one.ledger.due.schedule('scan', members, (place) => -place);

  const given = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const { due } = one.another();
      const mine: string[] = [];
      for (;;) {
        const some = await due.lease('scan', LEASE_MS, 17);
        if (some.length === 0) return mine;
        mine.push(...some);
      }
    }),
  );

  expect(given.flat().toSorted()).toEqual(members.toSorted());
});

test('work that has begun is not handed out before its time', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  await due.schedule('scan', [M]);

  await due.begin('scan', M, 60_000);

  expect(await leasedAt(one, NOW_MS + 59_999)).toEqual([]);
  expect(await leasedAt(one, NOW_MS + 60_000)).toEqual([M]);
});

test('the end of the work makes it due at the next time, or never again', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  await due.finish('scan', M, await due.begin('scan', M, 60_000), 300_000);
  expect(await countAt(one, NOW_MS + 299_999)).toEqual({ all: 1, due: 0 });
  expect(await countAt(one, NOW_MS + 300_000)).toEqual({ all: 1, due: 1 });

  await due.finish('scan', M, await due.begin('scan', M, 60_000), null);

  expect(await countAt(one, NOW_MS * 2)).toEqual({ all: 0, due: 0 });
});

test('work begins and ends by the clock of Redis, and says when it began', async () => {
  const one = createHeld();

  expect(await one.ledger.due.begin('scan', M, 60_000)).toEqual({
    begunAtMs: NOW_MS,
    leaseEndMs: NOW_MS + 60_000,
  });
});

test('the first that is due tells for how long it has been', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  expect(await due.count('scan')).toEqual({ all: 0, due: 0, overdueMs: 0 });
  await due.schedule('scan', ['a', 'b'], (place) => [3_000, -90_000][place] ?? 0);

  expect(await due.count('scan')).toEqual({ all: 2, due: 1, overdueMs: 90_000 });
  await due.drop('scan', ['b']);
  expect(await due.count('scan')).toEqual({ all: 1, due: 0, overdueMs: 0 });
});

test.each([
  ['earlier than the lease ends', -30_000],
  ['at the very moment the lease ends', 0],
  ['later than the lease ends', 30_000],
])(
  'what is scheduled during the work (%s) is never overlooked when the work ends for good',
  async (_when, offsetMs) => {
    const one = createHeld();
    const { due } = one.ledger;
    const begun = await due.begin('scan', M, 60_000);

    await due.schedule('scan', [M], 60_000 + offsetMs);
    await due.finish('scan', M, begun, null);

    expect(await leasedAt(one, NOW_MS)).toEqual([M]);
  },
);

test('what is scheduled for now during the work is not put off to the next time', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  const begun = await due.begin('scan', M, 60_000);

  await due.schedule('scan', [M], 5);
  await due.finish('scan', M, begun, 86_400_000);

  expect(await leasedAt(one, NOW_MS + 5)).toEqual([M]);
});

test('what was scheduled during the work, and leased for a job that came to nothing, is due when the work ends', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  const begun = await due.begin('scan', M, 60_000);
  await due.schedule('scan', [M], 5);
  expect(await leasedAt(one, NOW_MS + 5)).toEqual([M]);

  one.time.hold(NOW_MS + 10);
  await due.finish('scan', M, begun, 86_400_000);

  expect(await leasedAt(one, NOW_MS + 10)).toEqual([M]);
});

test('a worker that finishes after its lease was taken over leaves the other one due', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  const late = await due.begin('scan', M, 60_000);
  await due.begin('scan', M, 120_000);

  await due.finish('scan', M, late, null);

  expect(await countAt(one, NOW_MS + 120_000)).toEqual({ all: 1, due: 1 });
});

test('a member that was removed meanwhile is due again as its work says', async () => {
  const one = createHeld();
  const begun = await one.ledger.due.begin('scan', M, 60_000);
  await one.redis.del(one.keys.due('scan'));

  await one.ledger.due.finish('scan', M, begun, 1);

  expect(await leasedAt(one, NOW_MS + 1)).toEqual([M]);
});

test('fractions of a millisecond (a scaled clock) are as good as whole ones', async () => {
  const one = createHeld();
  const { due } = one.ledger;
  await due.schedule('scan', [M], 0.7);
  expect(await due.lease('scan', 1_000 / 7, 1)).toEqual([M]);
  const begun = await due.begin('scan', M, 1_000 / 7);

  await due.finish('scan', M, begun, null);

  expect(await countAt(one, NOW_MS * 2)).toEqual({ all: 0, due: 0 });
});

test.each([11, 12, 13])(
  'however schedulers, workers and those who schedule interleave, nothing scheduled is lost (seed %i)',
  async (seed) => {
    const one = createHeld();
    const random = seededRandom(seed);
    const members = ['a', 'b', 'c', 'd'];
    // Work to do per member; a worker takes all of it between begin and finish, as a handler reads the ledger once.
    const open = new Map(members.map((member) => [member, 0]));
    const taken = new Map(members.map((member) => [member, 0]));
    let given = 0;

    async function produce(): Promise<void> {
      const { due } = one.another();
      for (let n = 0; n < 150; n += 1) {
        const member = members[Math.floor(random() * members.length)] ?? 'a';
        open.set(member, (open.get(member) ?? 0) + 1);
        given += 1;
        await due.schedule('scan', [member], Math.floor(random() * 3));
        one.time.advance(Math.floor(random() * 2));
      }
    }
    async function work(): Promise<void> {
      const { due } = one.another();
      for (let n = 0; n < 200; n += 1) {
        for (const member of await due.lease('scan', 5, 2)) {
          const begun = await due.begin('scan', member, 7);
          const mine = open.get(member) ?? 0;
          open.set(member, 0);
          taken.set(member, (taken.get(member) ?? 0) + mine);
          if (random() < 0.1) continue; // killed before it finished
          await due.finish('scan', member, begun, null);
        }
        one.time.advance(1);
      }
    }

    await Promise.all([produce(), produce(), work(), work(), work()]);
    // All that was scheduled has come by now: a member that still has open work must be due.
    one.time.advance(1_000);
    const due = new Set(await one.ledger.due.lease('scan', 5, 100));

    const waiting = members.filter((member) => (open.get(member) ?? 0) > 0);
    expect(waiting.filter((member) => !due.has(member))).toEqual([]);
    const done = [...taken.values()].reduce((sum, count) => sum + count, 0);
    expect(done + [...open.values()].reduce((sum, count) => sum + count, 0)).toBe(given);
    expect(done).toBeGreaterThan(50);
  },
);
