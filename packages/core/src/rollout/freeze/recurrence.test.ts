import { expect, test } from 'vitest';
import { faultOfRule, instantOf, isTimeZone, type Recurrence, shownIn, startsBetween } from './recurrence.ts';

function aRecurrence(rule: string, facts: Partial<Recurrence> = {}): Recurrence {
  return { rule, timeZone: 'Europe/Berlin', first: null, untilMs: null, ...facts };
}

function starts(recurrence: Recurrence, from: string, to: string): readonly string[] {
  return startsBetween(recurrence, Date.parse(from), Date.parse(to)).map((ms) =>
    new Date(ms).toISOString().slice(0, 16),
  );
}

test('22:00 stays 22:00 when the clocks are set forward, and when they are set back', () => {
  const nightly = aRecurrence('FREQ=DAILY;BYHOUR=22');

  expect(starts(nightly, '2026-03-28T00:00Z', '2026-03-30T00:00Z')).toEqual([
    '2026-03-28T21:00',
    '2026-03-29T20:00',
  ]);
  expect(starts(nightly, '2026-10-24T00:00Z', '2026-10-26T00:00Z')).toEqual([
    '2026-10-24T20:00',
    '2026-10-25T21:00',
  ]);
});

test.each([
  // Berlin shows no 2:30 on 29 March 2026, and New York none on 8 March.
  ['Europe/Berlin', 2, '2026-03-28T00:00Z', ['2026-03-28T01:30', '2026-03-29T01:30', '2026-03-30T00:30']],
  ['America/New_York', 2, '2026-03-07T00:00Z', ['2026-03-07T07:30', '2026-03-08T07:30', '2026-03-09T06:30']],
  // Berlin shows 2:30 twice on 25 October, and New York 1:30 on 1 November: the first counts.
  ['Europe/Berlin', 2, '2026-10-24T00:00Z', ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30']],
  ['America/New_York', 1, '2026-10-31T00:00Z', ['2026-10-31T05:30', '2026-11-01T05:30', '2026-11-02T06:30']],
])('half past in %s, hour %i, from %s begins every day, once', (timeZone, hour, from, expected) => {
  const to = new Date(Date.parse(from) + 3 * 86_400_000).toISOString();

  expect(starts(aRecurrence(`FREQ=DAILY;BYHOUR=${hour};BYMINUTE=30`, { timeZone }), from, to)).toEqual(
    expected,
  );
});

test('the 29th of February begins in leap years alone, however far it is', () => {
  const leap = aRecurrence('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=0', { timeZone: 'UTC' });

  expect(starts(leap, '2026-01-01T00:00Z', '2033-01-01T00:00Z')).toEqual([
    '2028-02-29T00:00',
    '2032-02-29T00:00',
  ]);
});

test('every second Friday counts from the first, and COUNT ends them', () => {
  const second = aRecurrence('FREQ=WEEKLY;INTERVAL=2;BYDAY=FR', { first: '2026-01-02T18:00:00' });

  expect(starts(second, '2026-03-20T00:00Z', '2026-04-20T00:00Z')).toEqual([
    '2026-03-27T17:00',
    '2026-04-10T16:00',
  ]);
  const twice = { ...second, rule: `${second.rule};COUNT=2` };
  expect(starts(twice, '2026-01-01T00:00Z', '2027-01-01T00:00Z')).toEqual([
    '2026-01-02T17:00',
    '2026-01-16T17:00',
  ]);
});

test('no start is later than UNTIL, and none is outside of what is asked for', () => {
  const nightly = aRecurrence('FREQ=DAILY;BYHOUR=22', {
    timeZone: 'UTC',
    untilMs: Date.parse('2026-05-02T22:00Z'),
  });

  expect(starts(nightly, '2026-05-01T22:00Z', '2026-05-09T00:00Z')).toEqual([
    '2026-05-01T22:00',
    '2026-05-02T22:00',
  ]);
  expect(starts(nightly, '2026-05-01T22:01Z', '2026-05-02T21:59Z')).toEqual([]);
  expect(starts(nightly, '2026-06-01T00:00Z', '2026-07-01T00:00Z')).toEqual([]);
});

test('a rule of decades costs no more than one of this year', () => {
  const old = aRecurrence('FREQ=DAILY;INTERVAL=2', { first: '1990-01-01T00:00:00', timeZone: 'UTC' });

  expect(starts(old, '2026-05-01T00:00Z', '2026-05-05T00:00Z')).toHaveLength(2);
});

test('a count of tens of thousands from decades ago is worked out, too', () => {
  const counted = aRecurrence('FREQ=DAILY;COUNT=50000', { first: '1990-01-01T02:00:00', timeZone: 'UTC' });

  expect(starts(counted, '2026-12-01T00:00Z', '2026-12-02T00:00Z')).toEqual(['2026-12-01T02:00']);
});

test('what clocks show and when they show it are each other’s reverse', () => {
  expect(instantOf('2026-07-01T12:00:00', 'America/New_York')).toBe(Date.parse('2026-07-01T16:00Z'));
  expect(shownIn(Date.parse('2026-07-01T16:00Z'), 'America/New_York')).toBe('2026-07-01T12:00:00');
  expect(() => instantOf('2026-02-30T00:00:00', 'UTC')).toThrow(RangeError);
});

test('a zone that is none, and a rule that is none, are told', () => {
  expect([isTimeZone('Europe/Berlin'), isTimeZone('Europe/Atlantis')]).toEqual([true, false]);
  expect(faultOfRule('FREQ=DAILY')).toBeNull();
  expect(faultOfRule('FREQ=DALY')).toContain('FREQ');
});
