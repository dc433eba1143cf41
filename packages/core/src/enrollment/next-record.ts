import type { Cause } from './cause.ts';
import { type BackoffPolicy, nextDelayMs } from './next-attempt.ts';
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
