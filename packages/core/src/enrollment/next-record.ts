import { type Cause, causeFacts, type StoredCause } from './cause.ts';
import type { EnrollmentBase, EnrollmentRecord, OnItsWay, StoredRecord } from './record.ts';

/** What a transition needs to know of the world; all of it is given, so that it stays a function. */
export interface TransitionContext {
  readonly nowMs: number;
  readonly backoff: BackoffPolicy;
  readonly joinTimeoutMs: number;
  /** Whether hosts that are lost are to be repaired (`muster.repair.enabled`). */
  readonly repairs: boolean;
  /** False when no inventory is configured: exit 0 is the end then. */
  readonly hasInventory: boolean;
  /** The sweep of the scan that decides; null or absent where no scan does. */
  readonly sweepId?: string | null;
  /** 0..1 */
  readonly jitter: number;
}

/** The next record, or `ignored` when the event means nothing in this state. Returns the very same object when nothing changed. */
export type Transition = EnrollmentRecord | 'ignored';

type FieldsOf<Shape> = Shape extends unknown ? keyof Shape : never;

/** Fields that belong to a state. Every other one belongs to the instance, also one that only a newer release knows. */
const STATE_FIELDS: Readonly<Record<Exclude<FieldsOf<StoredRecord>, keyof EnrollmentBase>, true>> = {
  state: true,
  storedState: true,
  cause: true,
  readyAtMs: true,
  batchId: true,
  commandId: true,
  joinDeadlineMs: true,
  nodeId: true,
  repairAtMs: true,
  nextAttemptAtMs: true,
  agentVersion: true,
  sweepId: true,
};

/** What stays when a record moves to another state: everything but the state's own fields; it is in the new one since now. */
export function baseOf(record: StoredRecord, context: TransitionContext): EnrollmentBase {
  const kept = Object.entries(record).filter(([field]) => !Object.hasOwn(STATE_FIELDS, field));
  return { ...(Object.fromEntries(kept) as unknown as EnrollmentBase), changedAtMs: context.nowMs };
}

/** What a record keeps while it goes on towards joined. */
export function onItsWay(record: StoredRecord): OnItsWay {
  const sweepId = 'sweepId' in record ? record.sweepId : undefined;
  return typeof sweepId === 'string' ? { sweepId } : {};
}

/** What a record that is queued now keeps of the scan that queued it. */
export function queuedBy({ sweepId }: TransitionContext): OnItsWay {
  return typeof sweepId === 'string' ? { sweepId } : {};
}

/** Until when a host must show up in the inventory; null without one. */
export function joinDeadline(context: TransitionContext): number | null {
  return context.hasInventory ? context.nowMs + context.joinTimeoutMs : null;
}

/** `base` after one more failure in a row: tried again when its back-off is over. */
export function failedRecord(
  base: EnrollmentBase,
  cause: Cause,
  context: TransitionContext,
): EnrollmentRecord {
  const failures = base.failures + 1;
  return {
    ...base,
    failures,
    state: 'failed',
    cause,
    nextAttemptAtMs: context.nowMs + nextDelayMs(cause, failures, context.backoff, context.jitter),
  };
}

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

/** Null for one that waits for nothing, or for something else than a time. */
export function nextAttempt(record: StoredRecord, nowMs: number): NextAttempt | null {
  if (record.state === 'failed') return { atMs: record.nextAttemptAtMs, reason: 'back-off' };
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
