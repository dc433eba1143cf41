import { expect, test } from 'vitest';
import type { Clock } from '@muster/core/runtime/clock-port';
import { createCachedRead } from './cached-read.ts';

/** A clock that is moved by hand. */
function handClock(): Pick<Clock, 'now'> & { nowMs: number } {
  const clock = { nowMs: 10_000, now: () => clock.nowMs };
  return clock;
}

test('any number of viewers within the interval cost one reading', async () => {
  const clock = handClock();
  let reads = 0;
  const cached = createCachedRead({
    read: () => Promise.resolve((reads += 1)),
    clock,
    minIntervalMs: 1_000,
  });

  await Promise.all([cached(), cached(), cached()]);
  clock.nowMs += 999;
  await cached();
  expect(reads).toBe(1);

  clock.nowMs += 1;
  expect(await cached()).toEqual({ value: 2, readAtMs: 11_000, error: null });
});

test('a slow reading rests in proportion to the time it took', async () => {
  const clock = handClock();
  let reads = 0;
  const cached = createCachedRead({
    read: () => {
      clock.nowMs += 2_000;
      return Promise.resolve((reads += 1));
    },
    clock,
    minIntervalMs: 1_000,
  });

  await cached();
  clock.nowMs += 7_999;
  await cached();
  expect(reads).toBe(1);

  clock.nowMs += 1;
  await cached();
  expect(reads).toBe(2);
});

test('a failure keeps the last value and its time, and is not repeated within the interval', async () => {
  const clock = handClock();
  let reads = 0;
  const cached = createCachedRead({
    read: () => {
      reads += 1;
      return reads === 1 ? Promise.resolve('first') : Promise.reject(new Error('redis is away'));
    },
    clock,
    minIntervalMs: 1_000,
  });
  await cached();

  clock.nowMs += 5_000;
  await cached();

  expect(await cached()).toEqual({ value: 'first', readAtMs: 10_000, error: 'redis is away' });
  expect(reads).toBe(2);
});

test('a reading that comes back clears the error', async () => {
  const clock = handClock();
  let away = true;
  const cached = createCachedRead({
    read: () => (away ? Promise.reject(new Error('away')) : Promise.resolve('here')),
    clock,
    minIntervalMs: 1_000,
  });
  expect(await cached()).toEqual({ value: null, readAtMs: null, error: 'away' });

  away = false;
  clock.nowMs += 1_000;

  expect(await cached()).toEqual({ value: 'here', readAtMs: 11_000, error: null });
});
