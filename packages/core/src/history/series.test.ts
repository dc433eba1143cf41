import { expect, test } from 'vitest';
import type { HistoryBucket } from './history-bucket.ts';
import { resolutionsAt, sampleTimes } from './resolution.ts';
import { endOfRollOut } from './roll-out-end.ts';
import { seriesOf } from './series.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 22, 8, 2);

function aBucket(facts: Partial<HistoryBucket> = {}): HistoryBucket {
  return {
    byState: {},
    byCause: {},
    byGroup: {},
    work: { commandsSent: 0, joined: 0, throttled: {} },
    dueLagMs: 0,
    ...facts,
  };
}

test('a time without a bucket is a gap in every line, and a state that a bucket lacks is a zero', () => {
  const buckets = [aBucket({ byState: { joined: 5 } }), null, aBucket({ byState: { failed: 2 } })];

  expect(seriesOf('state', buckets)).toEqual([
    { name: 'failed', values: [0, null, 2] },
    { name: 'joined', values: [5, null, 0] },
  ]);
});

test('groups are drawn by their joined hosts', () => {
  const buckets = [
    aBucket({
      byGroup: {
        'ou-ab12-aaaaaaaa': { hosts: 8, joined: 7, failed: 1, lost: 0 },
        other: { hosts: 3, joined: 0, failed: 3, lost: 0 },
      },
    }),
  ];

  expect(seriesOf('group', buckets)).toEqual([
    { name: 'ou-ab12-aaaaaaaa', values: [7] },
    { name: 'other', values: [0] },
  ]);
});

test('work is what was done between two points; a gap, and a sum that Redis lost, say nothing', () => {
  const at = (commandsSent: number, throttles: number): HistoryBucket =>
    aBucket({
      work: { commandsSent, joined: commandsSent * 10, throttled: { 'ssm:SendCommand': throttles } },
      dueLagMs: 2_400,
    });

  expect(seriesOf('work', [at(4, 1), at(9, 1), null, at(20, 3), at(2, 0), at(5, 1)])).toEqual([
    { name: 'commandsSent', values: [null, 5, null, null, null, 3] },
    { name: 'joined', values: [null, 50, null, null, null, 30] },
    { name: 'throttled:ssm:SendCommand', values: [null, 0, null, null, null, 1] },
    { name: 'dueLagSeconds', values: [2, 2, null, 2, 2, 2] },
  ]);
});

test('a day is answered from five-minute buckets, a year from a few hundred hourly ones', () => {
  const resolutions = resolutionsAt(1);
  const day = sampleTimes(resolutions, { fromMs: NOW_MS - 24 * HOUR_MS, toMs: NOW_MS }, NOW_MS);
  const year = sampleTimes(
    resolutions,
    { fromMs: NOW_MS - 400 * 24 * HOUR_MS, toMs: NOW_MS + HOUR_MS },
    NOW_MS,
  );

  expect(day).toMatchObject({ resolution: 'fine', stepMs: 300_000 });
  expect(day.atMs).toHaveLength(288);
  expect(day.atMs.at(-1)).toBe(Date.UTC(2026, 10, 22, 8));
  expect(year).toMatchObject({ resolution: 'coarse', stepMs: 30 * HOUR_MS });
  expect(year.atMs.length).toBeGreaterThan(280);
  expect(year.atMs.length).toBeLessThanOrEqual(301);
  expect(year.atMs.every((at) => at % HOUR_MS === 0 && at <= NOW_MS)).toBe(true);
});

test('the end of the roll-out is told by the rate of the last hour', () => {
  const before = aBucket({ work: { commandsSent: 0, joined: 100, throttled: {} } });
  const now = aBucket({
    byState: { queued: 30, installing: 10, failed: 500, joined: 120 },
    work: { commandsSent: 0, joined: 120, throttled: {} },
  });
  const facts = { now, before, hourMs: HOUR_MS, isHeld: false, nowMs: NOW_MS };

  expect(endOfRollOut(facts)).toBe(NOW_MS + 2 * HOUR_MS);
  expect(endOfRollOut({ ...facts, isHeld: true })).toBeNull();
  expect(endOfRollOut({ ...facts, before: null })).toBeNull();
  expect(endOfRollOut({ ...facts, before: now })).toBeNull();
  expect(endOfRollOut({ ...facts, now: { ...now, byState: { joined: 120 } } })).toBeNull();
  // Redis lost the sum: what was done is not known.
  expect(endOfRollOut({ ...facts, now: { ...now, work: { ...now.work, joined: 3 } } })).toBeNull();
});
