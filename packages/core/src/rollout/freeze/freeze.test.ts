import * as fc from 'fast-check';
import { anAccountId } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import type { Region } from '../../organization/ids.ts';
import {
  describeFreeze,
  FROZEN_WORK,
  type FreezePlace,
  type FreezeWindow,
  freezeOver,
  needsUnits,
  nextTimeOf,
} from './freeze.ts';

const HOUR_MS = 3_600_000;
const PLACE: FreezePlace = {
  accountId: anAccountId(1),
  region: 'eu-west-1' as Region,
  ancestorIds: ['r-ab12', 'ou-ab12-11111111'],
};

function at(text: string): number {
  return Date.parse(text);
}

function dated(name: string, from: string, to: string, facts: Partial<FreezeWindow> = {}): FreezeWindow {
  return {
    name,
    units: null,
    accounts: null,
    regions: null,
    holds: FROZEN_WORK,
    times: { kind: 'dated', fromMs: at(from), toMs: at(to) },
    ...facts,
  };
}

function recurring(name: string, rule: string, hours: number, timeZone = 'Europe/Berlin'): FreezeWindow {
  const recurrence = { rule, timeZone, first: null, untilMs: null };
  return {
    ...dated(name, '2026-01-01', '2026-01-02'),
    times: { kind: 'recurring', recurrence, durationMs: hours * HOUR_MS },
  };
}

function until(windows: readonly FreezeWindow[], time: string): string | null {
  const freeze = freezeOver(windows, 'sends', PLACE, at(time));
  return freeze === null ? null : `${freeze.name} ${new Date(freeze.untilMs).toISOString().slice(0, 16)}`;
}

test('a dated window holds from its beginning, and its end is free', () => {
  const window = dated('year-end', '2026-12-20T00:00Z', '2027-01-04T06:00Z');

  expect(until([window], '2026-12-19T23:59:59Z')).toBeNull();
  expect(until([window], '2026-12-20T00:00:00Z')).toBe('year-end 2027-01-04T06:00');
  expect(until([window], '2027-01-04T05:59:59Z')).toBe('year-end 2027-01-04T06:00');
  expect(until([window], '2027-01-04T06:00:00Z')).toBeNull();
});

test('eight hours from 22:00 are eight hours of real time, in the nights in which the clocks change, too', () => {
  const nightly = [recurring('night', 'FREQ=DAILY;BYHOUR=22', 8)];

  // 06:00 by the clocks of a usual night, 07:00 when they are set forward, 05:00 when they are set back.
  expect(until(nightly, '2026-03-27T22:00Z')).toBe('night 2026-03-28T05:00');
  expect(until(nightly, '2026-03-28T22:00Z')).toBe('night 2026-03-29T05:00');
  expect(until(nightly, '2026-10-24T20:00Z')).toBe('night 2026-10-25T04:00');
  expect(until(nightly, '2026-10-25T20:30Z')).toBeNull();
  expect(until(nightly, '2026-10-25T21:00Z')).toBe('night 2026-10-26T05:00');
});

test('windows that overlap or follow each other without a gap hold until the last one ends', () => {
  const windows = [
    recurring('night', 'FREQ=DAILY;BYHOUR=22', 8, 'UTC'),
    recurring('weekend', 'FREQ=WEEKLY;BYDAY=SA;BYHOUR=6', 48, 'UTC'),
  ];

  // Friday night, the weekend from Saturday 6:00, and the night from Sunday 22:00, in which it ends.
  expect(until(windows, '2026-05-01T23:00Z')).toBe('night 2026-05-04T06:00');
  expect(until(windows, '2026-05-02T08:00Z')).toBe('weekend 2026-05-04T06:00');
  expect(until(windows, '2026-05-04T06:00Z')).toBeNull();
});

test('of windows in force the one that ends last is named', () => {
  const windows = [dated('short', '2026-05-01', '2026-05-02'), dated('long', '2026-05-01', '2026-05-03')];

  expect(until(windows, '2026-05-01T12:00Z')).toBe('long 2026-05-03T00:00');
});

test('a window that never ends is followed for weeks, and asked again then', () => {
  expect(until([recurring('always', 'FREQ=DAILY;BYHOUR=0', 24, 'UTC')], '2026-05-01T00:00Z')).toMatch(
    /^always 2026-06-\d\d/,
  );
});

test.each<[Partial<FreezeWindow>, boolean]>([
  [{}, true],
  [{ units: ['ou-ab12-11111111'] }, true],
  [{ units: ['r-ab12'] }, true],
  [{ units: ['ou-ab12-22222222'] }, false],
  [{ accounts: [anAccountId(1)] }, true],
  [{ accounts: [anAccountId(2)] }, false],
  [{ regions: ['eu-west-1' as Region] }, true],
  [{ accounts: [anAccountId(1)], regions: ['us-east-1' as Region] }, false],
  [{ holds: ['repairs'] }, false],
])('a window with %j is over the place: %s', (facts, isOver) => {
  const window = dated('w', '2026-05-01', '2026-05-02', facts);

  expect(freezeOver([window], 'sends', PLACE, at('2026-05-01T12:00Z')) !== null).toBe(isOver);
});

test('of everything only a window without a selection is asked, and each kind of work for itself', () => {
  const noon = at('2026-05-01T12:00Z');
  const all = dated('all', '2026-05-01', '2026-05-02', { holds: ['sends', 'clean-up'] });
  const one = dated('one', '2026-05-01', '2026-05-02', { accounts: [PLACE.accountId] });

  expect(freezeOver([one], 'sends', null, noon)).toBeNull();
  expect(FROZEN_WORK.filter((work) => freezeOver([one, all], work, null, noon) !== null)).toEqual([
    'sends',
    'clean-up',
  ]);
  expect([needsUnits([one, all]), needsUnits([{ ...one, units: ['r-ab12'] }])]).toEqual([false, true]);
});

test('it is told as people write it', () => {
  expect(describeFreeze({ name: 'year-end', untilMs: at('2027-01-04T06:00Z') })).toBe(
    'freeze window year-end until 2027-01-04T06:00:00.000Z',
  );
});

const windows = fc.array(
  fc.oneof(
    fc
      .tuple(fc.integer({ min: 0, max: 60 * 24 }), fc.integer({ min: 1, max: 200 }))
      .map(([startHours, hours]) => {
        const fromMs = at('2026-03-01') + startHours * HOUR_MS;
        return {
          ...dated('d', '2026-01-01', '2026-01-02'),
          times: { kind: 'dated', fromMs, toMs: fromMs + hours * HOUR_MS },
        } as const;
      }),
    fc
      .tuple(
        fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'),
        fc.constantFrom('FREQ=DAILY', 'FREQ=WEEKLY;BYDAY=MO,SU', 'FREQ=MONTHLY;BYMONTHDAY=-1'),
        fc.integer({ min: 0, max: 23 }),
        fc.constantFrom(0, 30),
        fc.integer({ min: 1, max: 20 }),
      )
      .map(([zone, rule, hour, minute, hours]) =>
        recurring('r', `${rule};BYHOUR=${hour};BYMINUTE=${minute}`, hours, zone),
      ),
  ),
  { minLength: 1, maxLength: 3 },
);
/** Two months in which Berlin, New York and Lord Howe change their clocks. */
const times = fc
  .tuple(fc.constantFrom('2026-03-01', '2026-10-01'), fc.integer({ min: 0, max: 60 * 24 * 60 }))
  .map(([month, minutes]) => at(month) + minutes * 60_000);

test('property: whatever the windows, the place is free at the end, and frozen until then', () => {
  fc.assert(
    fc.property(
      windows,
      times,
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (all, nowMs, share) => {
        const freeze = freezeOver(all, 'sends', PLACE, nowMs);
        if (freeze === null) return;
        expect(freeze.untilMs).toBeGreaterThan(nowMs);
        // Windows that never end are followed no further.
        if (freeze.untilMs >= nowMs + 31 * 24 * HOUR_MS) return;
        expect(freezeOver(all, 'sends', PLACE, freeze.untilMs)).toBeNull();
        const between = nowMs + Math.floor(share * (freeze.untilMs - nowMs));
        expect(freezeOver(all, 'sends', PLACE, between)?.untilMs).toBe(freeze.untilMs);
      },
    ),
    { numRuns: 300, seed: 14 },
  );
});

test('property: asked in any order, a window gives the same answers', () => {
  fc.assert(
    fc.property(windows, fc.array(times, { minLength: 2, maxLength: 6 }), (all, moments) => {
      const fresh = (): readonly FreezeWindow[] => all.map((window) => ({ ...window }));
      const kept = fresh();
      for (const nowMs of moments) {
        expect(freezeOver(kept, 'sends', PLACE, nowMs)).toEqual(freezeOver(fresh(), 'sends', PLACE, nowMs));
      }
    }),
    { numRuns: 100, seed: 14 },
  );
});

test('the next time of a window is the one in force, else the one to come; a dated one that is over has none', () => {
  const shown = (window: FreezeWindow, time: string) => {
    const next = nextTimeOf(window, at(time));
    return next === null
      ? null
      : [next.fromMs, next.untilMs].map((ms) => new Date(ms).toISOString().slice(0, 16));
  };
  const window = dated('year-end', '2026-12-20T00:00Z', '2027-01-04T06:00Z');
  const nightly = recurring('night', 'FREQ=DAILY;BYHOUR=22', 8, 'UTC');
  const yearly = recurring('inventory', 'FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=1;BYHOUR=0', 24, 'UTC');

  expect(shown(window, '2026-11-30T00:00Z')).toEqual(['2026-12-20T00:00', '2027-01-04T06:00']);
  expect(shown(window, '2027-01-04T06:00Z')).toBeNull();
  expect(shown(nightly, '2026-11-30T03:00Z')).toEqual(['2026-11-29T22:00', '2026-11-30T06:00']);
  expect(shown(nightly, '2026-11-30T12:00Z')).toEqual(['2026-11-30T22:00', '2026-12-01T06:00']);
  expect(shown(yearly, '2026-08-01T00:00Z')).toEqual(['2027-07-01T00:00', '2027-07-02T00:00']);
});
