import type { StoredCause } from '../enrollment/cause.ts';

/** How the last reading of a target ended. `pending`: known, never read. */
export type CoverageStatus =
  | 'complete'
  | 'partial'
  | 'denied'
  | 'regionOff'
  | 'throttled'
  | 'failed'
  | 'pending';

export const COVERAGE_STATUSES = [
  'complete',
  'partial',
  'denied',
  'regionOff',
  'throttled',
  'failed',
  'pending',
] as const satisfies readonly CoverageStatus[];

/** When, and how, one target was last read. */
export interface Coverage {
  readonly status: CoverageStatus;
  /** Epoch ms at which the last reading began; null while `pending`. What changed in AWS later, it may not have seen. */
  readonly attemptedAtMs: number | null;
  /** The same of the last complete reading; null when there was none. Older than `attemptedAtMs` when the last one was not. */
  readonly completeAtMs: number | null;
  /** Why it is not complete; null when it is. */
  readonly cause: StoredCause | null;
  /** The missing action or AWS's own message, for people; empty when complete. */
  readonly detail: string;
  /** Readings in a row that were not complete. */
  readonly failures: number;
  /** Epoch ms of the first of readings in a row that met a throttle or no answer; absent when the last one met neither. */
  readonly failingSinceMs?: number | undefined;
}

/** Counts of targets by the status that counts for a sweep. They sum to `total`. */
export type TargetCounts = Readonly<Record<CoverageStatus, number>> & { readonly total: number };

/** The targets of a sweep that has not begun. */
export const NO_TARGETS: TargetCounts = {
  total: 0,
  complete: 0,
  partial: 0,
  denied: 0,
  regionOff: 0,
  throttled: 0,
  failed: 0,
  pending: 0,
};

/**
 * A sweep's verdict. A region that is off has nothing to read and costs nothing; anything else unread makes it
 * `partial`, and `failed` when nothing at all could be read.
 */
export function sweepVerdict(
  targets: TargetCounts,
  accountListComplete: boolean,
): 'complete' | 'partial' | 'failed' {
  const unread = targets.partial + targets.denied + targets.throttled + targets.failed + targets.pending;
  if (targets.complete + targets.regionOff + targets.partial === 0 && (unread > 0 || !accountListComplete)) {
    return 'failed';
  }
  return unread === 0 && accountListComplete ? 'complete' : 'partial';
}
