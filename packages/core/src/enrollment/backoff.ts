import { causeFacts, type StoredCause } from './cause.ts';

/** Delays between attempts on one instance. */
export interface BackoffPolicy {
  /** First delay of a cause that a person must fix. */
  readonly operatorFirstMs: number;
  /** First delay of a cause that may pass by itself. */
  readonly transientFirstMs: number;
  /** No delay is longer, jitter included. */
  readonly capMs: number;
}

/**
 * When the next attempt may start, in ms from now: the cause's first delay, doubled for each further failure in a
 * row, never above the cap. Jitter (0..1, given by the caller) only lengthens, by up to a tenth, so that a
 * thousand hosts that failed together do not come back together and no promise of "at least" is broken.
 *
 * @param failures how many attempts in a row have failed, this one included; 1 or more
 */
export function nextDelayMs(
  cause: StoredCause,
  failures: number,
  policy: BackoffPolicy,
  jitter: number,
): number {
  const first =
    causeFacts(cause).handling === 'retry-soon' ? policy.transientFirstMs : policy.operatorFirstMs;
  const doublings = Math.min(Math.max(failures, 1) - 1, 30);
  const plain = Math.min(first * 2 ** doublings, policy.capMs);
  return Math.round(Math.min(plain * (1 + 0.1 * Math.min(Math.max(jitter, 0), 1)), policy.capMs));
}
