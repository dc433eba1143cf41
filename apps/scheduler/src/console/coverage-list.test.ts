import { expect, test } from 'vitest';
import type { CoverageStatus } from '@muster/core/organization/coverage';
import { sweepStatus } from './coverage-list.ts';

const STARTED_MS = 1_000;

function lastRead(status: CoverageStatus, attemptedAtMs: number): CoverageStatus {
  return sweepStatus(
    { status, attemptedAtMs, completeAtMs: null, cause: null, detail: '', failures: 0 },
    STARTED_MS,
  );
}

test('a target read since the sweep began counts as it was read', () => {
  expect(lastRead('complete', STARTED_MS)).toBe('complete');
  expect(lastRead('throttled', STARTED_MS + 1)).toBe('throttled');
});

test('a target read before the sweep began is pending again', () => {
  expect(lastRead('complete', STARTED_MS - 1)).toBe('pending');
  expect(lastRead('failed', STARTED_MS - 1)).toBe('pending');
});

test('denied targets and regions that are off stay what they are', () => {
  expect(lastRead('denied', 0)).toBe('denied');
  expect(lastRead('regionOff', 0)).toBe('regionOff');
});
