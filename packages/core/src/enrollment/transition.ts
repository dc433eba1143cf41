import { onAccepted, onClaimed, onEnded, onSendRefused } from './command-events.ts';
import type { EnrollmentEvent, EventOf } from './event.ts';
import { baseOf, type Transition, type TransitionContext } from './next-record.ts';
import { onJoinDeadline, onNodeLost, onNodeMissing, onNodeSeen } from './node-events.ts';
import type { EnrollmentRecord, StoredRecord } from './record.ts';
import { discover, onAbsence, onJudged, onSeen } from './scan-events.ts';

/**
 * Decides what an event does to a record. Pure and exhaustive: every state answers every event. A state that only a newer
 * release knows answers what is known of the world, the begin and the end of a command, and ignores the rest.
 *
 * @param record null when the instance is unknown; only `seen` means something then
 */
export function transition(
  record: StoredRecord | null,
  event: EnrollmentEvent,
  context: TransitionContext,
): Transition {
  if (record === null) return event.kind === 'seen' ? discover(event, context) : 'ignored';
  if (record.state === 'unknown') {
    if (event.kind === 'accepted') return onAccepted(record, event, context);
    return event.kind === 'ended' ? onEnded(record, event, context) : 'ignored';
  }
  switch (event.kind) {
    case 'seen':
      return onSeen(record, event, context);
    case 'seen-stopped':
      return onAbsence(record, 'stopped', context);
    case 'seen-unmatched':
      return onAbsence(record, 'unmatched', context);
    case 'not-seen':
      return onAbsence(record, 'gone', context);
    case 'judged':
      return onJudged(record, event, context);
    case 'node-seen':
      return onNodeSeen(record, event, context);
    case 'claimed':
      return onClaimed(record, event.batchId, context);
    case 'send-refused':
      return onSendRefused(record, event, context);
    case 'accepted':
      return onAccepted(record, event, context);
    case 'ended':
      return onEnded(record, event, context);
    case 'join-deadline-passed':
      return onJoinDeadline(record, context);
    case 'node-missing':
      return onNodeMissing(record, event);
    case 'node-lost':
      return onNodeLost(record, context);
    case 'retry-requested':
      return onRetryRequested(record, event, context);
    default:
      return event satisfies never;
  }
}

/** An operator asked for it: tried now, and the back-off starts over. */
function onRetryRequested(
  record: EnrollmentRecord,
  { ramp }: EventOf<'retry-requested'>,
  context: TransitionContext,
): Transition {
  const marked = ramp === undefined ? {} : { ramp };
  const base = { ...baseOf(record, context), ...marked, failures: 0 };
  switch (record.state) {
    case 'queued':
    case 'failed':
      return { ...base, state: 'queued', readyAtMs: context.nowMs };
    case 'ineligible':
      return { ...base, state: 'discovered' };
    case 'lost':
      // A host that cannot take a command now is judged again by the next scan.
      if (record.repairAtMs === null || record.repairAtMs <= context.nowMs) return 'ignored';
      return { ...record, ...marked, failures: 0, repairAtMs: context.nowMs };
    case 'discovered':
    case 'stopped':
    case 'unmatched':
    case 'sending':
    case 'installing':
    case 'installed':
    case 'joined':
    case 'gone':
      return 'ignored';
    default:
      return record satisfies never;
  }
}

/** Runs events through one record, in order; the very same object comes back when nothing changed. */
export function runEvents(
  record: StoredRecord | null,
  events: readonly EnrollmentEvent[],
  context: TransitionContext,
): StoredRecord | null {
  let current = record;
  for (const event of events) {
    const next = transition(current, event, context);
    if (next !== 'ignored') current = next;
  }
  return current;
}
