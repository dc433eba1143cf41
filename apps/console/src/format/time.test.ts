import { expect, test } from 'vitest';
import { duration, relative, timeLabels, utc } from './time.ts';

const NOW_MS = Date.parse('2026-11-30T12:00:00.000Z');

test('a time is written in UTC, as the log writes it', () => {
  expect(utc('2026-11-30T08:05:09.123Z')).toBe('2026-11-30 08:05:09 UTC');
});

test.each([
  [-5, '0 s'],
  [42_900, '42 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_599_999, '59 min'],
  [3_600_000, '1 h'],
  [18_720_000, '5 h 12 min'],
  [172_799_999, '47 h 59 min'],
  [172_800_000, '2 days'],
])('%i ms are said as %s', (ms, said) => {
  expect(duration(ms)).toBe(said);
});

test.each([
  ['2026-11-30T11:59:57.000Z', 'just now'],
  ['2026-11-30T11:57:00.000Z', '3 min ago'],
  ['2026-11-30T17:00:00.000Z', 'in 5 h'],
])('%s is said as %s at noon', (iso, said) => {
  expect(relative(iso, NOW_MS)).toBe(said);
});

test('a chart says hours of the day in UTC, and the date where a day begins', () => {
  const at = (iso: string): number => Date.parse(iso) / 1_000;

  expect(
    timeLabels([at('2026-11-30T22:00:00Z'), at('2026-11-30T23:00:00Z'), at('2026-12-01T00:00:00Z')]),
  ).toEqual(['22:00', '23:00', '12-01']);
  expect(timeLabels([at('2026-11-30T22:00:00Z'), at('2026-12-01T22:00:00Z')])).toEqual(['11-30', '12-01']);
  expect(timeLabels([at('2026-11-30T22:00:00Z'), at('2026-11-30T22:00:15Z')])).toEqual([
    '22:00:00',
    '22:00:15',
  ]);
});
