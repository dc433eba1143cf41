import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from './value-shapes.ts';

describe('parseDuration', () => {
  test.each([
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['250ms', 250],
    ['1h0m0s', 3_600_000],
    ['500us', 0.5],
    ['0', 0],
    ['0s', 0],
    ['-1m', -60_000],
    ['+2s', 2000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '5', '5 m', '5min', 'm', '1d', '1h 30m', 'five', '-', '1..5s', '5m '])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );
});

describe('formatDuration', () => {
  test.each([
    [0, '0s'],
    [40, '40ms'],
    [2500, '2.5s'],
    [300_000, '5m'],
    [5_400_000, '1h30m'],
    [86_400_000, '24h'],
  ])('%d ms reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('what it writes is read back as the same', () => {
    for (const ms of [1, 999, 1000, 61_000, 3_661_000, 90_061_500]) {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }
  });
});
