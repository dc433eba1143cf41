import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { nextTimeOf } from '../../rollout/freeze/freeze.ts';

function nextStart(entry: object, at: string): string | null {
  const [window] = parsedSystemConfig(OFFLINE_FACTS, { muster: { freeze: [entry] } }).freeze;
  if (window === undefined) throw new Error('there is a window');
  const next = nextTimeOf(window, Date.parse(at));
  return next === null ? null : new Date(next.fromMs).toISOString();
}

test('a window that is first in the hour that clocks skip is at its own hour on every other day', () => {
  const nightly = {
    name: 'nightly',
    rrule: 'FREQ=DAILY',
    from: '2027-03-28T02:30',
    duration: '1h',
    time_zone: 'Europe/Berlin',
  };

  expect(nextStart(nightly, '2027-03-28T00:00:00Z')).toBe('2027-03-28T01:30:00.000Z');
  // 2:30 of summer time, and not 3:30.
  expect(nextStart(nightly, '2027-03-28T12:00:00Z')).toBe('2027-03-29T00:30:00.000Z');
});

test.each([
  ['2026-01-05T22:00', '2026-01-05T21:00:00.000Z'],
  ['2026-01-05T22:00:00+02:00', '2026-01-05T20:00:00.000Z'],
  ['2026-01-05', '2026-01-04T23:00:00.000Z'],
])('a window that recurs from %s begins then', (from, first) => {
  const weekly = { name: 'w', rrule: 'FREQ=WEEKLY', from, duration: '1h', time_zone: 'Europe/Berlin' };

  expect(nextStart(weekly, '2026-01-01T00:00:00Z')).toBe(first);
});

test('a rule does not count from before 1970', () => {
  const old = { name: 'old', rrule: 'FREQ=DAILY;COUNT=99999', from: '0101-01-01', duration: '1h' };

  expect(() => nextStart(old, '2026-01-01T00:00:00Z')).toThrow('must be in 1970 or later');
});
