import type { BackoffPolicy } from './backoff.ts';
import { nextDelayMs } from './backoff.ts';
import type { Cause } from './cause.ts';
import type { BatchId, CommandId, InstanceId, MatcherKey } from './ids.ts';
import { recordAttempt, type Attempt, type AttemptResult } from './attempt.ts';

/**
 * An instance's way to joined.
 *
 * ```
 * discovered ──judged──▶ queued ──claimed──▶ sending ──accepted──▶ installing ──ended──▶ installed ──node-seen──▶ joined
 *      └──judged──▶ ineligible ─┘  ▲                │ refused / not sent   └─ failed ◀── deadline ─┘
 *                                  └────────────────┴── failed, when its next attempt is due
 * any state without an open command ──scan──▶ stopped · unmatched · gone ──seen again──▶ discovered (or installed, if it had joined)
 * ```
 *
 * `sending` and `installing` hold an open command: nothing a scan sees moves them, only the command's own end does.
 * That is what keeps a second command away.
 */
export type EnrollmentState = EnrollmentRecord['state'];

interface EnrollmentBase {
  readonly instanceId: InstanceId;
  /** The matcher that owns the instance. */
  readonly matcherKey: MatcherKey;
  readonly firstSeenAtMs: number;
  /** Since when it is in this state. */
  readonly changedAtMs: number;
  /** EC2's launch time (it moves when an instance is stopped and started); null when unknown. */
  readonly launchedAtMs: number | null;
  /** When the node was first seen in the inventory; null when never. Kept through stops, so that a host that comes back is given time to rejoin. */
  readonly joinedAtMs: number | null;
  /** Failed attempts in a row. */
  readonly failures: number;
  /** All attempts ever. */
  readonly attemptCount: number;
  /** The last few, oldest first. */
  readonly attempts: readonly Attempt[];
}

export type EnrollmentRecord =
  /** Seen running and matched; not judged yet. Moved on by the same scan's pre-check. */
  | (EnrollmentBase & { readonly state: 'discovered' })
  /** Known, and stopped now. Moved on by the scan that sees it run. */
  | (EnrollmentBase & { readonly state: 'stopped' })
  /** Known, and no matcher wants it now. */
  | (EnrollmentBase & { readonly state: 'unmatched' })
  /** Cannot be sent to while the cause holds; every scan looks again. */
  | (EnrollmentBase & { readonly state: 'ineligible'; readonly cause: Cause })
  /** Waits for an install job to claim it. */
  | (EnrollmentBase & { readonly state: 'queued'; readonly readyAtMs: number })
  /** Claimed by an intent: a command may be about to exist. */
  | (EnrollmentBase & { readonly state: 'sending'; readonly batchId: BatchId })
  /** A command is live. */
  | (EnrollmentBase & {
      readonly state: 'installing';
      readonly batchId: BatchId;
      readonly commandId: CommandId;
    })
  /** Installed, or came back after having been joined; must show up in the inventory by the deadline (null: no inventory, this is the end). */
  | (EnrollmentBase & { readonly state: 'installed'; readonly joinDeadlineMs: number | null })
  /** In the inventory. Kept for good while the instance exists, also when the node goes offline. */
  | (EnrollmentBase & { readonly state: 'joined'; readonly nodeId: string })
  /** The last attempt failed. Claimed again when due. */
  | (EnrollmentBase & {
      readonly state: 'failed';
      readonly cause: Cause;
      readonly nextAttemptAtMs: number;
      /** The SSM agent's version at the first look after the failure: another one wakes it. Absent before that look. */
      readonly agentVersion?: string | undefined;
    })
  /** A complete scan no longer shows it. Deleted after its retention. */
  | (EnrollmentBase & { readonly state: 'gone' });

/** What the pre-check said of a running, matched instance. */
export type Judgment = { readonly kind: 'eligible' } | { readonly kind: 'ineligible'; readonly cause: Cause };

export type EnrollmentEvent =
  /** A scan saw it running, matched by `matcherKey`. */
  | {
      readonly kind: 'seen';
      readonly instanceId: InstanceId;
      readonly matcherKey: MatcherKey;
      readonly launchedAtMs: number | null;
    }
  | { readonly kind: 'seen-stopped' }
  | { readonly kind: 'seen-unmatched' }
  /** A complete scan did not show it. */
  | { readonly kind: 'not-seen' }
  | {
      readonly kind: 'judged';
      readonly judgment: Judgment;
      /** Of the SSM agent; absent when nobody could tell. */
      readonly agentVersion?: string | undefined;
    }
  | { readonly kind: 'node-seen'; readonly nodeId: string }
  | { readonly kind: 'claimed'; readonly batchId: BatchId }
  /** The batch was refused and nothing ran. `cause` null: not this instance's fault, again at `readyAtMs`. */
  | {
      readonly kind: 'send-refused';
      readonly batchId: BatchId;
      readonly cause: Cause | null;
      readonly readyAtMs: number;
    }
  | { readonly kind: 'accepted'; readonly batchId: BatchId; readonly commandId: CommandId }
  | { readonly kind: 'ended'; readonly commandId: CommandId; readonly result: AttemptResult }
  | { readonly kind: 'join-deadline-passed' }
  /** An operator wants it tried now. */
  | { readonly kind: 'retry-requested' };

/** What a transition needs to know of the world; all of it is given, so that it stays a function. */
export interface TransitionContext {
  readonly nowMs: number;
  readonly backoff: BackoffPolicy;
  readonly joinTimeoutMs: number;
  /** False when no inventory is configured: exit 0 is the end then. */
  readonly hasInventory: boolean;
  /** 0..1 */
  readonly jitter: number;
}

/** The next record, or `ignored` when the event means nothing in this state. Returns the very same object when nothing changed. */
export type Transition = EnrollmentRecord | 'ignored';

/**
 * Decides what an event does to a record. Pure and exhaustive: every state answers every event.
 *
 * @param record null when the instance is unknown; only `seen` means something then
 */
export function transition(
  record: EnrollmentRecord | null,
  event: EnrollmentEvent,
  context: TransitionContext,
): Transition {
  if (record === null) return event.kind === 'seen' ? discover(event, context) : 'ignored';
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
      return onNodeSeen(record, event.nodeId, context);
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
    case 'retry-requested':
      return onRetryRequested(record, context);
    default:
      return event satisfies never;
  }
}

function discover(
  event: Extract<EnrollmentEvent, { kind: 'seen' }>,
  context: TransitionContext,
): EnrollmentRecord {
  return {
    state: 'discovered',
    instanceId: event.instanceId,
    matcherKey: event.matcherKey,
    firstSeenAtMs: context.nowMs,
    changedAtMs: context.nowMs,
    launchedAtMs: event.launchedAtMs,
    joinedAtMs: null,
    failures: 0,
    attemptCount: 0,
    attempts: [],
  };
}

function onSeen(
  record: EnrollmentRecord,
  event: Extract<EnrollmentEvent, { kind: 'seen' }>,
  context: TransitionContext,
): Transition {
  const restarted = event.launchedAtMs !== null && event.launchedAtMs !== record.launchedAtMs;
  const handedOver = event.matcherKey !== record.matcherKey;
  const facts = { matcherKey: event.matcherKey, launchedAtMs: event.launchedAtMs ?? record.launchedAtMs };
  switch (record.state) {
    case 'stopped':
    case 'unmatched':
    case 'gone': {
      const base = { ...baseOf(record, context), ...facts };
      // It had joined once: its agent rejoins by itself, so it gets the time for that before anything is sent.
      if (record.joinedAtMs !== null) {
        return { ...base, state: 'installed', joinDeadlineMs: deadline(context) };
      }
      return { ...base, state: 'discovered' };
    }
    case 'failed':
    case 'ineligible':
      // A restart or a changed matcher may be the mending: judge it afresh instead of sleeping on.
      if (restarted || handedOver) return { ...baseOf(record, context), ...facts, state: 'discovered' };
      return record;
    case 'sending':
    case 'installing':
      return record;
    case 'discovered':
    case 'queued':
    case 'installed':
    case 'joined':
      return restarted || handedOver ? { ...record, ...facts } : record;
    default:
      return record satisfies never;
  }
}

function onAbsence(
  record: EnrollmentRecord,
  state: 'stopped' | 'unmatched' | 'gone',
  context: TransitionContext,
): Transition {
  if (record.state === 'sending' || record.state === 'installing') return 'ignored';
  return record.state === state ? record : { ...baseOf(record, context), state };
}

function onJudged(
  record: EnrollmentRecord,
  { judgment, agentVersion }: Extract<EnrollmentEvent, { kind: 'judged' }>,
  context: TransitionContext,
): Transition {
  switch (record.state) {
    case 'discovered':
    case 'queued':
    case 'ineligible':
      if (judgment.kind === 'eligible') {
        if (record.state === 'queued' || isStillOwnedElsewhere(record, context)) return record;
        return { ...baseOf(record, context), state: 'queued', readyAtMs: wakeAtMs(record, context) };
      }
      if (record.state === 'ineligible' && record.cause === judgment.cause) return record;
      return { ...baseOf(record, context), state: 'ineligible', cause: judgment.cause };
    case 'failed':
      if (judgment.kind === 'eligible') return onAgentSeen(record, agentVersion, context);
      return { ...baseOf(record, context), state: 'ineligible', cause: judgment.cause };
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

/** A new agent may be the mending: the one that was there at the failure is remembered, and another one wakes the record. */
function onAgentSeen(
  record: Extract<EnrollmentRecord, { state: 'failed' }>,
  agentVersion: string | undefined,
  context: TransitionContext,
): EnrollmentRecord {
  if (agentVersion === undefined || agentVersion === record.agentVersion) return record;
  if (record.agentVersion === undefined) return { ...record, agentVersion };
  const readyAtMs = Math.max(context.nowMs, Math.min(record.nextAttemptAtMs, wakeAtMs(record, context)));
  return { ...baseOf(record, context), state: 'queued', readyAtMs };
}

function onNodeSeen(record: EnrollmentRecord, nodeId: string, context: TransitionContext): Transition {
  switch (record.state) {
    case 'joined':
      return record.nodeId === nodeId ? record : { ...record, nodeId };
    case 'discovered':
    case 'ineligible':
    case 'queued':
    case 'installed':
    case 'failed':
      return {
        ...baseOf(record, context),
        failures: 0,
        joinedAtMs: record.joinedAtMs ?? context.nowMs,
        state: 'joined',
        nodeId,
      };
    case 'sending':
    case 'installing':
    case 'stopped':
    case 'unmatched':
    case 'gone':
      return 'ignored';
    default:
      return record satisfies never;
  }
}

function onClaimed(record: EnrollmentRecord, batchId: BatchId, context: TransitionContext): Transition {
  const ready =
    (record.state === 'queued' && record.readyAtMs <= context.nowMs) ||
    (record.state === 'failed' && record.nextAttemptAtMs <= context.nowMs);
  return ready ? { ...baseOf(record, context), state: 'sending', batchId } : 'ignored';
}

function onSendRefused(
  record: EnrollmentRecord,
  event: Extract<EnrollmentEvent, { kind: 'send-refused' }>,
  context: TransitionContext,
): Transition {
  if (record.state !== 'sending' || record.batchId !== event.batchId) return 'ignored';
  if (event.cause === null) {
    return { ...baseOf(record, context), state: 'queued', readyAtMs: event.readyAtMs };
  }
  const result: AttemptResult = { kind: 'failure', cause: event.cause, exitCode: null, output: '' };
  return fail(record, { batchId: event.batchId, commandId: null }, result, context);
}

function onAccepted(
  record: EnrollmentRecord,
  event: Extract<EnrollmentEvent, { kind: 'accepted' }>,
  context: TransitionContext,
): Transition {
  // What has ended is over, however late somebody tells that it began.
  if (record.attempts.some((attempt) => attempt.commandId === event.commandId)) return 'ignored';
  // Knowledge of the world is always merged: a live command of ours is followed from whatever state we had in mind.
  if (record.state === 'installing') return record.commandId === event.commandId ? record : 'ignored';
  return {
    ...baseOf(record, context),
    state: 'installing',
    batchId: event.batchId,
    commandId: event.commandId,
  };
}

function onEnded(
  record: EnrollmentRecord,
  event: Extract<EnrollmentEvent, { kind: 'ended' }>,
  context: TransitionContext,
): Transition {
  if (record.state !== 'installing' || record.commandId !== event.commandId) return 'ignored';
  const sent = { batchId: record.batchId, commandId: record.commandId };
  if (event.result.kind === 'failure') return fail(record, sent, event.result, context);
  return {
    ...baseOf(record, context),
    ...recordAttempt(record, sent, event.result, context.nowMs),
    state: 'installed',
    joinDeadlineMs: deadline(context),
  };
}

function onJoinDeadline(record: EnrollmentRecord, context: TransitionContext): Transition {
  if (
    record.state !== 'installed' ||
    record.joinDeadlineMs === null ||
    record.joinDeadlineMs > context.nowMs
  ) {
    return 'ignored';
  }
  const failures = record.failures + 1;
  return {
    ...baseOf(record, context),
    failures,
    state: 'failed',
    cause: 'ec2-join-failure',
    nextAttemptAtMs:
      context.nowMs + nextDelayMs('ec2-join-failure', failures, context.backoff, context.jitter),
  };
}

function onRetryRequested(record: EnrollmentRecord, context: TransitionContext): Transition {
  switch (record.state) {
    case 'queued':
    case 'failed':
      return { ...baseOf(record, context), failures: 0, state: 'queued', readyAtMs: context.nowMs };
    case 'ineligible':
      return { ...baseOf(record, context), failures: 0, state: 'discovered' };
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

/**
 * When an instance whose cause has gone may be tried: at once after a first failure, one doubling early after more. So
 * a mended host does not wait its day out, and one whose agent comes and goes is not tried each time it comes.
 */
function wakeAtMs(record: EnrollmentRecord, context: TransitionContext): number {
  const last = record.attempts.at(-1);
  if (last === undefined || last.cause === null || record.failures < 2) return context.nowMs;
  return Math.max(
    context.nowMs,
    last.endedAtMs + nextDelayMs(last.cause, record.failures - 1, context.backoff, 0),
  );
}

/** Only the host itself can say whose agent it runs, so that finding outlives scans: asked again after a day, a restart or an operator's retry. */
function isStillOwnedElsewhere(record: EnrollmentRecord, context: TransitionContext): boolean {
  return (
    record.state === 'ineligible' &&
    record.cause === 'host-managed-elsewhere' &&
    context.nowMs < record.changedAtMs + context.backoff.capMs
  );
}

function fail(
  record: EnrollmentRecord,
  sent: { readonly batchId: BatchId; readonly commandId: CommandId | null },
  result: Extract<AttemptResult, { kind: 'failure' }>,
  context: TransitionContext,
): EnrollmentRecord {
  const base = { ...baseOf(record, context), ...recordAttempt(record, sent, result, context.nowMs) };
  // A host that belongs to somebody else is not a failure to repeat.
  if (result.cause === 'host-managed-elsewhere') return { ...base, state: 'ineligible', cause: result.cause };
  const failures = record.failures + 1;
  return {
    ...base,
    failures,
    state: 'failed',
    cause: result.cause,
    nextAttemptAtMs: context.nowMs + nextDelayMs(result.cause, failures, context.backoff, context.jitter),
  };
}

function deadline(context: TransitionContext): number | null {
  return context.hasInventory ? context.nowMs + context.joinTimeoutMs : null;
}

function baseOf(record: EnrollmentRecord, context: TransitionContext): EnrollmentBase {
  return {
    instanceId: record.instanceId,
    matcherKey: record.matcherKey,
    firstSeenAtMs: record.firstSeenAtMs,
    changedAtMs: context.nowMs,
    launchedAtMs: record.launchedAtMs,
    joinedAtMs: record.joinedAtMs,
    failures: record.failures,
    attemptCount: record.attemptCount,
    attempts: record.attempts,
  };
}
