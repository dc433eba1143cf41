/** The life of a command, from the claim to its end: the only events that enter or leave `sending` and `installing`. */
import { EXIT_NO_HOST_SHELL } from '../install/exit-codes.ts';
import type { BatchId, CommandId } from '../organization/ids.ts';
import { type AttemptResult, type EnrollmentRecord, recordAttempt, type StoredRecord } from './record.ts';
import type { StoredCause } from './cause.ts';
import type { EventOf } from './event.ts';
import {
  baseOf,
  failedRecord,
  joinDeadline,
  onItsWay,
  type Transition,
  type TransitionContext,
} from './next-record.ts';

/** Claimed for a command, when its time has come. */
export function onClaimed(
  record: EnrollmentRecord,
  batchId: BatchId,
  context: TransitionContext,
): Transition {
  const ready =
    (record.state === 'queued' && record.readyAtMs <= context.nowMs) ||
    (record.state === 'failed' && record.nextAttemptAtMs <= context.nowMs) ||
    (record.state === 'lost' && record.repairAtMs !== null && record.repairAtMs <= context.nowMs);
  return ready ? { ...baseOf(record, context), ...onItsWay(record), state: 'sending', batchId } : 'ignored';
}

/** Nothing ran: free again, or an attempt that failed when the instance itself was to blame. */
export function onSendRefused(
  record: EnrollmentRecord,
  event: EventOf<'send-refused'>,
  context: TransitionContext,
): Transition {
  if (record.state !== 'sending' || record.batchId !== event.batchId) return 'ignored';
  if (event.cause === null) {
    if (record.missing !== undefined) {
      return { ...baseOf(record, context), state: 'lost', cause: 'node-lost', repairAtMs: event.readyAtMs };
    }
    return { ...baseOf(record, context), ...onItsWay(record), state: 'queued', readyAtMs: event.readyAtMs };
  }
  const result: AttemptResult = { kind: 'failure', cause: event.cause, exitCode: null, output: '' };
  return fail(record, { batchId: event.batchId, commandId: null }, result, context);
}

/** SSM has a command for it, whether this record asked for it or not. */
export function onAccepted(
  record: StoredRecord,
  event: EventOf<'accepted'>,
  context: TransitionContext,
): Transition {
  // A command that has ended is over, however late its acceptance is reported.
  if (record.attempts.some((attempt) => attempt.commandId === event.commandId)) return 'ignored';
  // Knowledge of the world is always merged: a live command of ours is followed from whatever state we had in mind.
  if (record.state === 'installing') return record.commandId === event.commandId ? record : 'ignored';
  // A newer release has a command there already: it follows that one, and sees to a second.
  if (record.state === 'unknown' && record.commandId !== undefined) return 'ignored';
  return {
    ...baseOf(record, context),
    ...onItsWay(record),
    state: 'installing',
    batchId: event.batchId,
    commandId: event.commandId,
  };
}

/** Its command has ended. Exit 0 proves nothing yet: the node does. */
export function onEnded(
  record: StoredRecord,
  event: EventOf<'ended'>,
  context: TransitionContext,
): Transition {
  if (record.state !== 'installing' && record.state !== 'unknown') return 'ignored';
  if (record.commandId !== event.commandId || record.batchId === undefined) return 'ignored';
  const sent = { batchId: record.batchId, commandId: event.commandId };
  if (event.result.kind === 'failure') return fail(record, sent, event.result, context);
  return {
    ...baseOf(record, context),
    ...onItsWay(record),
    ...recordAttempt(record, sent, event.result, context.nowMs),
    state: 'installed',
    joinDeadlineMs: joinDeadline(context),
  };
}

function fail(
  record: StoredRecord,
  sent: { readonly batchId: BatchId; readonly commandId: CommandId | null },
  result: Extract<AttemptResult, { kind: 'failure' }>,
  context: TransitionContext,
): EnrollmentRecord {
  const base = { ...baseOf(record, context), ...recordAttempt(record, sent, result, context.nowMs) };
  // What a host is, and whose, is not a failure to repeat.
  if (isToldByHost(result)) return { ...base, state: 'ineligible', cause: result.cause };
  return failedRecord(base, result.cause, context);
}

/**
 * Whether a failed attempt has shown what only the host itself can tell, and what no other attempt would change: that
 * an agent is configured there which discovery did not install, or that it is a system on which nothing can be installed.
 */
export function isToldByHost(attempt: {
  readonly cause: StoredCause | null;
  readonly exitCode: number | null;
}): boolean {
  if (attempt.cause === 'host-managed-elsewhere') return true;
  return attempt.cause === 'ec2-ssm-unsupported-os' && attempt.exitCode === EXIT_NO_HOST_SHELL;
}
