import { expect, test } from 'vitest';
import { describeDifference, findingsOfClocks, isClockOff, type ProcessClock } from './process-clock.ts';

const NOW_MS = 1_800_000_000_000;
const REDIS = 'redis.example.com:6379';

function aClock(name: string, offsetMs: number, facts: Partial<ProcessClock> = {}): ProcessClock {
  return {
    name,
    part: 'worker',
    offsetMs,
    roundTripMs: 2,
    readAtMs: NOW_MS - 4_000,
    offSinceMs: Math.abs(offsetMs) > 300_000 ? NOW_MS - 60_000 : null,
    ...facts,
  };
}

test.each([
  [299_999, 0, false],
  [300_001, 0, true],
  [-300_001, 0, true],
  [301_000, 2_000, false],
  [-301_001, 2_000, true],
  [0, 1_000_000, false],
])('a clock %i ms off, asked in %i ms, is off: %s', (offsetMs, roundTripMs, off) => {
  expect(isClockOff({ offsetMs, roundTripMs })).toBe(off);
});

test.each([
  [0, '0 s'],
  [-45_400, '45 s'],
  [360_000, '6 min'],
  [363_000, '6 min 3 s'],
  [-7_200_000, '2 h'],
  [3_661_000, '1 h 1 min 1 s'],
])('a difference of %i ms reads %s', (offsetMs, text) => {
  expect(describeDifference(offsetMs)).toBe(text);
});

test('the one of several that is off is named, since when it has been', () => {
  const findings = findingsOfClocks(
    [aClock('a/1', 12), aClock('b/2', -360_000), aClock('c/3', -8)],
    REDIS,
    NOW_MS,
  );

  expect(findings).toEqual([
    expect.objectContaining({ kind: 'clock-off', scope: 'process:b/2', sinceMs: NOW_MS - 60_000 }),
  ]);
  expect(findings[0]?.message).toContain(
    '6 min behind that of Redis at redis.example.com:6379 and of 2 other processes',
  );
});

test('a lone process cannot tell who is right', () => {
  const [finding] = findingsOfClocks([aClock('a/1', 360_000)], REDIS, NOW_MS);

  expect(finding?.message).toContain('differ by 6 min (the worker is ahead); no other process tells which');
  expect(finding?.remedy).toContain('or that of Redis’s host');
});

test('where all differ in the same way, Redis is named and no process', () => {
  const clocks = [
    aClock('a/1', 360_000),
    aClock('b/2', 361_500),
    aClock('c/3', 359_000, { part: 'scheduler' }),
  ];

  const findings = findingsOfClocks(clocks, REDIS, NOW_MS);

  expect(findings.map(({ scope }) => scope)).toEqual([`redis:${REDIS}`]);
  expect(findings[0]?.message).toContain('6 min behind the clocks of all 3 processes');
});

test('where all differ, each in its own way, each is named', () => {
  const clocks = [aClock('a/1', 360_000), aClock('b/2', -420_000)];

  expect(findingsOfClocks(clocks, REDIS, NOW_MS).map(({ scope }) => scope)).toEqual([
    'process:a/1',
    'process:b/2',
  ]);
});

test('a process that has said nothing for a minute is not judged', () => {
  const silent = aClock('a/1', 360_000, { readAtMs: NOW_MS - 60_000 });

  expect(findingsOfClocks([silent, aClock('b/2', 0)], REDIS, NOW_MS)).toEqual([]);
});
