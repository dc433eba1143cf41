import { expect, test } from 'vitest';
import { growthPerHour } from './growth.ts';

const MINUTE_MS = 60_000;

function series(values: readonly number[]) {
  return values.map((value, n) => ({ atMs: n * MINUTE_MS, value }));
}

test('what stays as it is does not grow, whatever single readings say', () => {
  expect(growthPerHour(series([100, 100, 100, 900, 100, 100, 100, 5, 100]))).toBe(0);
});

test('a leak of one a minute is sixty an hour, under noise of ten times as much', () => {
  const noisy = Array.from(
    { length: 30 },
    (_, n) => 100 + n + (n % 3 === 0 ? 10 : 0) - (n % 7 === 0 ? 10 : 0),
  );

  expect(growthPerHour(series(noisy))).toBeGreaterThan(50);
  expect(growthPerHour(series(noisy))).toBeLessThan(70);
});

test('what shrinks has a growth below zero, and one reading tells of none', () => {
  expect(growthPerHour(series([10, 9, 8, 7]))).toBe(-60);
  expect(growthPerHour(series([10]))).toBe(0);
});
