/** What a scan says of an instance: whether EC2 shows it, and what the pre-check says of it. */
import { baseOf, joinDeadline, queuedBy, type Transition, type TransitionContext } from './next-record.ts';
import { nextDelayMs } from './next-attempt.ts';
import { isCause } from './cause.ts';
import { judgeLost, withoutMissing } from './node-events.ts';
import type { EventOf } from './event.ts';
import { type EnrollmentRecord, hasOpenCommand } from './record.ts';
import { isToldByHost } from './command-events.ts';

/** The first record of an instance. */
export function discover(event: EventOf<'seen'>, context: TransitionContext): EnrollmentRecord {
  return {
    state: 'discovered',
    instanceId: event.instanceId,
    matcherKey: event.matcherKey,
    firstSeenAtMs: context.nowMs,
    changedAtMs: context.nowMs,
    launchedAtMs: event.launchedAtMs,
    joinedAtMs: null,
    ...(event.addedBy === undefined || event.addedBy === null ? {} : { addedBy: event.addedBy }),
    failures: 0,
    attemptCount: 0,
    attempts: [],
    ...(event.wave === undefined ? {} : { wave: event.wave }),
    ...(isSameTags(event.tags) ? {} : { tags: event.tags }),
  };
}

/** Seen running, and wanted by a matcher. */
export function onSeen(
  record: EnrollmentRecord,
  event: EventOf<'seen'>,
  context: TransitionContext,
): Transition {
  const restarted = event.launchedAtMs !== null && event.launchedAtMs !== record.launchedAtMs;
  const handedOver = event.matcherKey !== record.matcherKey;
  const addedBy = addedByOf(record, event);
  const wave = event.wave ?? record.wave;
  const tags = isSameTags(event.tags ?? record.tags, record.tags) ? record.tags : event.tags;
  const isOther =
    restarted || handedOver || addedBy !== record.addedBy || wave !== record.wave || tags !== record.tags;
  const facts = {
    matcherKey: event.matcherKey,
    launchedAtMs: event.launchedAtMs ?? record.launchedAtMs,
    // A record without a mark stays without the key, so that its text stays the same.
    ...(addedBy === record.addedBy ? {} : { addedBy }),
    ...(wave === record.wave ? {} : { wave }),
    ...(tags === record.tags ? {} : { tags }),
  };
  switch (record.state) {
    case 'stopped':
    case 'unmatched':
    case 'gone': {
      const base = { ...baseOf(record, context), ...facts };
      // It had joined once: its agent rejoins by itself, so it gets the time for that before anything is sent.
      if (record.joinedAtMs !== null) {
        return { ...base, state: 'installed', joinDeadlineMs: joinDeadline(context) };
      }
      return { ...base, state: 'discovered' };
    }
    case 'lost':
      // Its agent starts with the host: it gets the time to rejoin before anything is sent.
      if (restarted) {
        return {
          ...baseOf(record, context),
          ...facts,
          state: 'installed',
          joinDeadlineMs: joinDeadline(context),
        };
      }
      return isOther ? { ...record, ...facts } : record;
    case 'joined':
      if (restarted && record.missing !== undefined) {
        return { ...record, ...facts, missing: { ...record.missing, sinceMs: context.nowMs } };
      }
      return isOther ? { ...record, ...facts } : record;
    case 'failed':
    case 'ineligible':
      // A restart or a changed matcher may be the fix: judge it anew instead of waiting on.
      if (restarted || handedOver) return { ...baseOf(record, context), ...facts, state: 'discovered' };
      return isOther ? { ...record, ...facts } : record;
    case 'sending':
    case 'installing':
      return record;
    case 'installed': {
      const seen = isOther ? { ...record, ...facts } : record;
      // An inventory was configured, or taken out, since its command ended: one waits for its node, and one has nothing to wait for.
      if ((seen.joinDeadlineMs !== null) === context.hasInventory) return seen;
      return { ...seen, joinDeadlineMs: joinDeadline(context) };
    }
    case 'discovered':
    case 'queued':
      return isOther ? { ...record, ...facts } : record;
    default:
      return record satisfies never;
  }
}

/** No tags and none that are known are the same. */
function isSameTags(
  a: Readonly<Record<string, string>> = {},
  b: Readonly<Record<string, string>> = {},
): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Which selection adds it now. One that was selected before a change goes on as it was, whatever the change selects. */
function addedByOf(record: EnrollmentRecord, { addedBy }: EventOf<'seen'>): string | undefined {
  const isSelected = record.state !== 'unmatched' && record.state !== 'gone';
  if (addedBy === undefined || (isSelected && record.addedBy === undefined)) return record.addedBy;
  return addedBy ?? undefined;
}

/** Not to be installed now: stopped, selected by no matcher, or no longer there. An open command goes on all the same. */
export function onAbsence(
  record: EnrollmentRecord,
  state: 'stopped' | 'unmatched' | 'gone',
  context: TransitionContext,
): Transition {
  if (hasOpenCommand(record)) return 'ignored';
  return record.state === state ? record : { ...withoutMissing(baseOf(record, context)), state };
}

/** Judged by the pre-check. */
export function onJudged(
  record: EnrollmentRecord,
  { judgment, node }: EventOf<'judged'>,
  context: TransitionContext,
): Transition {
  switch (record.state) {
    case 'discovered':
    case 'queued':
    case 'ineligible':
      // Whether the cause of a newer release still holds, only that release can tell. A restart, another matcher or an operator's
      // retry makes this one judge anew.
      if (record.state === 'ineligible' && !isCause(record.cause)) return record;
      if (judgment.kind === 'eligible') {
        if (record.state === 'queued' || isStillToldByHost(record, context)) return record;
        const platform = node?.platformName || record.platform;
        const facts = platform === undefined ? {} : { platform };
        return {
          ...baseOf(record, context),
          ...facts,
          ...queuedBy(context),
          state: 'queued',
          readyAtMs: wakeAtMs(record, context),
        };
      }
      if (record.state === 'ineligible' && record.cause === judgment.cause) return record;
      return { ...baseOf(record, context), state: 'ineligible', cause: judgment.cause };
    case 'lost':
      return judgeLost(record, judgment, context);
    case 'failed':
      if (judgment.kind === 'eligible') return onAgentSeen(record, node?.agentVersion, context);
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

/** A new agent may be the fix: the one that was there at the failure is remembered, and another one wakes the record. */
function onAgentSeen(
  record: Extract<EnrollmentRecord, { state: 'failed' }>,
  agentVersion: string | undefined,
  context: TransitionContext,
): EnrollmentRecord {
  if (agentVersion === undefined || agentVersion === record.agentVersion) return record;
  if (record.agentVersion === undefined) return { ...record, agentVersion };
  const readyAtMs = Math.max(context.nowMs, Math.min(record.nextAttemptAtMs, wakeAtMs(record, context)));
  return { ...baseOf(record, context), ...queuedBy(context), state: 'queued', readyAtMs };
}

/** Only the host itself can say whose agent it runs, and at times what it is, so that outlives scans: asked again after a day, a restart or an operator's retry. */
function isStillToldByHost(record: EnrollmentRecord, context: TransitionContext): boolean {
  if (record.state !== 'ineligible') return false;
  // Of the operating system a scan may know as well, and then sees when it has changed.
  const exitCode = record.attempts.at(-1)?.exitCode ?? null;
  return (
    isToldByHost({ cause: record.cause, exitCode }) &&
    context.nowMs < record.changedAtMs + context.backoff.capMs
  );
}

/**
 * When an instance whose cause has gone may be tried: at once after a first failure, one doubling early after more. So
 * a fixed host does not wait its day out, and one whose agent comes and goes is not tried each time it comes.
 */
function wakeAtMs(record: EnrollmentRecord, context: TransitionContext): number {
  const last = record.attempts.at(-1);
  if (last === undefined || last.cause === null || record.failures < 2) return context.nowMs;
  return Math.max(
    context.nowMs,
    last.endedAtMs + nextDelayMs(last.cause, record.failures - 1, context.backoff, 0),
  );
}
