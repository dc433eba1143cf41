import { NOW_MS, seededRandom } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { DUE_KINDS } from './define-job.ts';
import type { DueLedger } from './due-store.ts';

const bench = useLedgerBench();

const M = '100000000000.eu-west-1';
const LEASE_MS = 45_000;

/** What a lease at the time hands out. */
function leasedAt(due: DueLedger, nowMs: number, limit = 100): Promise<readonly string[]> {
  return due.lease('scan', nowMs, LEASE_MS, limit);
}

test('what is scheduled is due from its time on, not before', async () => {
  const { due } = bench.create().ledger;
  await due.schedule('scan', [{ member: M, atMs: NOW_MS }]);

  expect(await leasedAt(due, NOW_MS - 1)).toEqual([]);
  expect(await leasedAt(due, NOW_MS)).toEqual([M]);
});

test('scheduling later than it already was changes nothing to speak of, earlier brings it forward', async () => {
  const { due } = bench.create().ledger;
  await due.schedule('scan', [{ member: M, atMs: NOW_MS }]);
  await due.schedule('scan', [{ member: M, atMs: NOW_MS + 1_000 }]);
  expect(await due.size('scan', NOW_MS)).toEqual({ all: 1, due: 1 });

  await due.schedule('scan', [{ member: M, atMs: NOW_MS - 5_000 }]);

  expect(await due.size('scan', NOW_MS - 5_000)).toEqual({ all: 1, due: 1 });
});

test('a lease hands a member out once, and again when the lease has ended', async () => {
  const { due } = bench.create().ledger;
  await due.schedule('scan', [{ member: M, atMs: NOW_MS }]);

  expect(await leasedAt(due, NOW_MS)).toEqual([M]);
  expect(await leasedAt(due, NOW_MS + LEASE_MS - 1)).toEqual([]);
  expect(await leasedAt(due, NOW_MS + LEASE_MS)).toEqual([M]);
});

test('the longest due comes first, and no more than asked for', async () => {
  const { due } = bench.create().ledger;
  await due.schedule('scan', [
    { member: 'late', atMs: NOW_MS - 1 },
    { member: 'later', atMs: NOW_MS },
    { member: 'first', atMs: NOW_MS - 9 },
  ]);

  expect(await leasedAt(due, NOW_MS, 2)).toEqual(['first', 'late']);
  expect(await leasedAt(due, NOW_MS, 2)).toEqual(['later']);
});

test('kinds do not mix', async () => {
  const { due } = bench.create().ledger;
  for (const kind of DUE_KINDS) await due.schedule(kind, [{ member: kind, atMs: NOW_MS }]);

  for (const kind of DUE_KINDS) expect(await due.lease(kind, NOW_MS, LEASE_MS, 10)).toEqual([kind]);
});

test('many schedulers at once hand every member out exactly once', async () => {
  const one = bench.create();
  const members = Array.from({ length: 1_203 }, (_, n) => `member-${n}`);
  await one.ledger.due.schedule(
    'scan',
    members.map((member, n) => ({ member, atMs: NOW_MS - n })),
  );

  const given = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const { due } = one.another();
      const mine: string[] = [];
      for (;;) {
        const some = await due.lease('scan', NOW_MS, LEASE_MS, 17);
        if (some.length === 0) return mine;
        mine.push(...some);
      }
    }),
  );

  expect(given.flat().toSorted()).toEqual(members.toSorted());
});

test('work that has begun is not handed out before its time', async () => {
  const { due } = bench.create().ledger;
  await due.schedule('scan', [{ member: M, atMs: NOW_MS }]);

  await due.begin('scan', M, NOW_MS + 60_000);

  expect(await leasedAt(due, NOW_MS + 59_999)).toEqual([]);
  expect(await leasedAt(due, NOW_MS + 60_000)).toEqual([M]);
});

test('settling makes it due at the next time, or never again', async () => {
  const { due } = bench.create().ledger;
  await due.begin('scan', M, NOW_MS + 60_000);
  await due.settle('scan', M, NOW_MS + 60_000, NOW_MS + 300_000, NOW_MS);
  expect(await due.size('scan', NOW_MS + 299_999)).toEqual({ all: 1, due: 0 });
  expect(await due.size('scan', NOW_MS + 300_000)).toEqual({ all: 1, due: 1 });

  await due.begin('scan', M, NOW_MS + 360_000);
  await due.settle('scan', M, NOW_MS + 360_000, null, NOW_MS);

  expect(await due.size('scan', NOW_MS * 2)).toEqual({ all: 0, due: 0 });
});

test.each([
  ['earlier than the lease ends', -30_000],
  ['at the very moment the lease ends', 0],
  ['later than the lease ends', 30_000],
])(
  'what is scheduled during the work (%s) is never overlooked when the work settles for never',
  async (_when, offsetMs) => {
    const { due } = bench.create().ledger;
    const untilMs = NOW_MS + 60_000;
    await due.begin('scan', M, untilMs);

    await due.schedule('scan', [{ member: M, atMs: untilMs + offsetMs }]);
    await due.settle('scan', M, untilMs, null, NOW_MS);

    expect(await leasedAt(due, untilMs + Math.max(0, offsetMs))).toEqual([M]);
  },
);

test('what is scheduled for now during the work is not put off to the next time', async () => {
  const { due } = bench.create().ledger;
  await due.begin('scan', M, NOW_MS + 60_000);

  await due.schedule('scan', [{ member: M, atMs: NOW_MS + 5 }]);
  await due.settle('scan', M, NOW_MS + 60_000, NOW_MS + 86_400_000, NOW_MS);

  expect(await leasedAt(due, NOW_MS + 5)).toEqual([M]);
});

test('what was scheduled during the work, and leased with a hint that came to nothing, is due when the work ends', async () => {
  const { due } = bench.create().ledger;
  await due.begin('scan', M, NOW_MS + 60_000);
  await due.schedule('scan', [{ member: M, atMs: NOW_MS + 5 }]);
  expect(await leasedAt(due, NOW_MS + 5)).toEqual([M]);

  await due.settle('scan', M, NOW_MS + 60_000, NOW_MS + 86_400_000, NOW_MS + 10);

  expect(await leasedAt(due, NOW_MS + 10)).toEqual([M]);
});

test('one who settles after his lease was taken over leaves the other his', async () => {
  const { due } = bench.create().ledger;
  await due.begin('scan', M, NOW_MS + 60_000);
  await due.begin('scan', M, NOW_MS + 120_000);

  await due.settle('scan', M, NOW_MS + 60_000, null, NOW_MS);

  expect(await due.size('scan', NOW_MS + 120_000)).toEqual({ all: 1, due: 1 });
});

test('a member that somebody removed meanwhile is due again as its work says', async () => {
  const one = bench.create();
  await one.ledger.due.begin('scan', M, NOW_MS + 60_000);
  await one.redis.del(one.keys.due('scan'));

  await one.ledger.due.settle('scan', M, NOW_MS + 60_000, NOW_MS + 1, NOW_MS);

  expect(await leasedAt(one.ledger.due, NOW_MS + 1)).toEqual([M]);
});

test('fractions of a millisecond (a scaled clock) are as good as whole ones', async () => {
  const { due } = bench.create().ledger;
  const untilMs = NOW_MS + 1_000 / 7;
  await due.schedule('scan', [{ member: M, atMs: NOW_MS + 0.7 }]);
  expect(await due.lease('scan', NOW_MS + 0.7, 1_000 / 7, 1)).toEqual([M]);
  await due.begin('scan', M, untilMs);

  await due.settle('scan', M, untilMs, null, NOW_MS);

  expect(await due.size('scan', NOW_MS * 2)).toEqual({ all: 0, due: 0 });
});

test.each([11, 12, 13])(
  'however schedulers, workers and those who schedule interleave, nothing scheduled is lost (seed %i)',
  async (seed) => {
    const one = bench.create();
    const random = seededRandom(seed);
    const members = ['a', 'b', 'c', 'd'];
    // Work to do per member; a worker takes all of it between begin and settle, as a handler reads the ledger once.
    const open = new Map(members.map((member) => [member, 0]));
    const taken = new Map(members.map((member) => [member, 0]));
    let nowMs = NOW_MS;
    let given = 0;

    async function produce(): Promise<void> {
      const { due } = one.another();
      for (let n = 0; n < 150; n += 1) {
        const member = members[Math.floor(random() * members.length)] ?? 'a';
        open.set(member, (open.get(member) ?? 0) + 1);
        given += 1;
        await due.schedule('scan', [{ member, atMs: nowMs + Math.floor(random() * 3) }]);
        nowMs += Math.floor(random() * 2);
      }
    }
    async function work(): Promise<void> {
      const { due } = one.another();
      for (let n = 0; n < 200; n += 1) {
        for (const member of await due.lease('scan', nowMs, 5, 2)) {
          const untilMs = nowMs + 7;
          await due.begin('scan', member, untilMs);
          const mine = open.get(member) ?? 0;
          open.set(member, 0);
          taken.set(member, (taken.get(member) ?? 0) + mine);
          if (random() < 0.1) continue; // killed before it settled
          await due.settle('scan', member, untilMs, null, nowMs);
        }
        nowMs += 1;
      }
    }

    await Promise.all([produce(), produce(), work(), work(), work()]);
    // All that was scheduled has come by now: whoever still has open work must be due.
    nowMs += 1_000;
    const due = new Set(await one.ledger.due.lease('scan', nowMs, 5, 100));

    const waiting = members.filter((member) => (open.get(member) ?? 0) > 0);
    expect(waiting.filter((member) => !due.has(member))).toEqual([]);
    const done = [...taken.values()].reduce((sum, count) => sum + count, 0);
    expect(done + [...open.values()].reduce((sum, count) => sum + count, 0)).toBe(given);
    expect(done).toBeGreaterThan(50);
  },
);
