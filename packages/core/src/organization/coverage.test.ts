import { expect, test } from 'vitest';
import { COVERAGE_STATUSES, type CoverageStatus, sweepVerdict, type TargetCounts } from './coverage.ts';

function counts(some: Partial<Record<CoverageStatus, number>>): TargetCounts {
  const zero = {
    complete: 0,
    partial: 0,
    denied: 0,
    regionOff: 0,
    throttled: 0,
    failed: 0,
    pending: 0,
    ...some,
  };
  return { ...zero, total: COVERAGE_STATUSES.reduce((sum, status) => sum + zero[status], 0) };
}

test.each<[Partial<Record<CoverageStatus, number>>, boolean, string]>([
  [{ complete: 9 }, true, 'complete'],
  [{ complete: 9, regionOff: 3 }, true, 'complete'],
  [{ regionOff: 3 }, true, 'complete'],
  [{}, true, 'complete'],
  [{ complete: 9, denied: 1 }, true, 'partial'],
  [{ complete: 9, partial: 1 }, true, 'partial'],
  [{ complete: 9, throttled: 1 }, true, 'partial'],
  [{ complete: 9, failed: 1 }, true, 'partial'],
  [{ complete: 9, pending: 1 }, true, 'partial'],
  [{ complete: 9 }, false, 'partial'],
  [{ partial: 2 }, true, 'partial'],
  [{ regionOff: 2, failed: 1 }, true, 'partial'],
  [{ denied: 2 }, true, 'failed'],
  [{ failed: 1, throttled: 1, pending: 1 }, true, 'failed'],
  [{}, false, 'failed'],
])('%j with the account list complete: %s is %s', (some, listed, verdict) => {
  expect(sweepVerdict(counts(some), listed)).toBe(verdict);
});
