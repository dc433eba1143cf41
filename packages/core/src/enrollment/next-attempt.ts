/** When an instance is tried next. */
import { causeFacts, type StoredCause } from './cause.ts';
import type { StoredRecord } from './record.ts';

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

/** When an instance is tried next, and why not before. */
export interface NextAttempt {
  readonly atMs: number;
  /**
   * `back-off`: its attempts have failed. `repair`: it was repaired not long ago. `turn`: AWS or Muster put the send off,
   * through no fault of the instance.
   */
  readonly reason: 'back-off' | 'repair' | 'turn';
}

/** Null for one that waits for nothing, or for something else than a time: one whose time has come waits for its target's sends. */
export function nextAttempt(record: StoredRecord, nowMs: number): NextAttempt | null {
  if (record.state === 'failed') {
    return record.nextAttemptAtMs <= nowMs ? null : { atMs: record.nextAttemptAtMs, reason: 'back-off' };
  }
  if (record.state === 'lost') {
    if (record.repairAtMs === null || record.repairAtMs <= nowMs) return null;
    return { atMs: record.repairAtMs, reason: 'repair' };
  }
  if (record.state !== 'queued' || record.readyAtMs <= nowMs) return null;
  return { atMs: record.readyAtMs, reason: record.failures > 0 ? 'back-off' : 'turn' };
}

/** Why it waits until then, as a sentence. */
export function describeNextAttempt({ reason }: NextAttempt, failures: number): string {
  if (reason === 'turn') return 'the last send was put off, and nothing was sent';
  if (reason === 'repair') return 'its last repair is not long ago; muster retry --instance tries at once';
  const times = failures === 1 ? 'one attempt has' : `${failures} attempts in a row have`;
  return `back-off: ${times} failed; muster retry --instance tries at once`;
}
