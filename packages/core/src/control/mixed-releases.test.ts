import { expect, test } from 'vitest';
import type { Release } from '../runtime/release.ts';
import { findingsOfReleases, isSameRelease } from './mixed-releases.ts';
import type { ProcessClock } from './process-clock.ts';

const NOW_MS = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const NEW: Release = { release: '0.3.0', commit: null, schema: 5, readableFrom: 2, node: 'v24.0.0' };
const OLD: Release = { ...NEW, release: '0.2.0', commit: '0123456789abcdef', schema: 4 };

/** @param startedAgoMs null of a process that does not tell */
function aProcess(
  name: string,
  runs: Release | undefined,
  startedAgoMs: number | null,
  facts: Partial<ProcessClock> = {},
): ProcessClock {
  return {
    name,
    part: 'worker',
    offsetMs: 0,
    roundTripMs: 1,
    readAtMs: NOW_MS - 5_000,
    offSinceMs: null,
    ...(startedAgoMs === null ? {} : { startedAtMs: NOW_MS - startedAgoMs }),
    runs,
    ...facts,
  };
}

test('an update that is under way for more than ten minutes is told, with what runs and what is left to replace', () => {
  const clocks = [
    aProcess('new/1', NEW, 12 * MINUTE_MS, { part: 'scheduler' }),
    aProcess('new/2', NEW, MINUTE_MS),
    aProcess('old/1', OLD, 9_000 * MINUTE_MS),
    aProcess('old/2', OLD, 9_000 * MINUTE_MS),
  ];

  const [finding, ...others] = findingsOfReleases(clocks, NOW_MS);

  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    kind: 'releases-mixed',
    scope: 'all',
    sinceMs: NOW_MS - 12 * MINUTE_MS,
    message:
      '2 releases run side by side: 0.2.0 at 01234567 with schema 4 (2 workers); 0.3.0 with schema 5 (1 scheduler, 1 worker). Work goes on; what only a newer one knows waits for its processes.',
  });
  expect(finding?.remedy).toContain('worker old/1, worker old/2;');
});

test.each([
  ['one release', [aProcess('a/1', NEW, 60 * MINUTE_MS), aProcess('a/2', NEW, MINUTE_MS)]],
  [
    'an update that has just begun',
    [aProcess('a/1', OLD, 60 * MINUTE_MS), aProcess('a/2', NEW, 9 * MINUTE_MS)],
  ],
  [
    'a process that was killed a minute ago',
    [
      aProcess('a/1', OLD, 60 * MINUTE_MS, { readAtMs: NOW_MS - MINUTE_MS }),
      aProcess('a/2', NEW, 20 * MINUTE_MS),
    ],
  ],
])('%s is nothing to tell', (_what, clocks) => {
  expect(findingsOfReleases(clocks, NOW_MS)).toEqual([]);
});

test('a process too old to say what it runs, and since when, is another release', () => {
  const clocks = [aProcess('old/1', undefined, null), aProcess('new/1', NEW, 11 * MINUTE_MS)];

  expect(findingsOfReleases(clocks, NOW_MS)[0]?.message).toMatch(
    /^2 releases run side by side: an older release, which does not say more \(1 worker\); 0\.3\.0/,
  );
});

test('builds of one release from other commits, or with another schema, are different ones', () => {
  expect(isSameRelease(OLD, { ...OLD })).toBe(true);
  expect(isSameRelease(OLD, { ...OLD, commit: 'fedcba9876543210' })).toBe(false);
  expect(isSameRelease(OLD, { ...OLD, schema: 5 })).toBe(false);
});
