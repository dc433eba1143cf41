import { catalog } from '@muster/core/jobs/catalog';
import { hasOpenCommand, type StoredRecord } from '@muster/core/enrollment/record';
import { candidateAt, joinDeadlineOf } from '@muster/core/enrollment/record-codec';
import { targetId, type Target } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import { restoreIntents } from '../enrollment/repair-ledger.ts';
import { distrustTarget } from '../control/distrust-target.ts';
import type { Decision, TargetReading } from './decide-target.ts';
import type { TargetRecords } from '@muster/core/enrollment/seal';

/** More candidates than the default bucket lets be sent to at once: five commands of 50. */
const MANY_CANDIDATES = 250;

/** What a scan changed: instances that now wait for an install, and records written. */
export interface Written {
  readonly queued: number;
  readonly changed: number;
}

/** Writes what a scan decided. Where nothing changed and something waits, it sees to it that what it waits for is due. */
export async function writeDecision(
  reading: TargetReading,
  decision: Decision,
  before: TargetRecords,
  deps: HandlerDeps,
): Promise<Written> {
  const { target } = reading;
  const records = [...decision.next.values()];
  const outlook = records.some(isCandidate) ? await deps.sendOutlook() : null;
  await distrustOldNewcomers(reading, decision, before, deps);
  const written = await commit(target, decision, outlook?.notBeforeMs ?? 0, deps);
  await clearSkew(target, decision, before, deps);
  const reason = outlook?.reason ?? null;
  if (reason !== null) {
    const { subject, untilMs } = outlook ?? { subject: null, untilMs: null };
    const nowMs = deps.clock.now();
    await deps.ledger.waits.note(target, { reason, subject, untilMs, nowMs, hasSent: false });
  }
  await restoreIntents(target, before, deps);
  return written;
}

function isCandidate(record: StoredRecord): boolean {
  return candidateAt(record) !== null;
}

function isWaiting(record: StoredRecord): boolean {
  return isCandidate(record) || hasOpenCommand(record) || joinDeadlineOf(record) !== null;
}

/**
 * An instance without a record that ran already when the target was last read completely. Either it was not wanted then, or a
 * client of Redis has deleted its record, and a command may be live on it. So the worker lists the target's commands before
 * the next send.
 */
async function distrustOldNewcomers(
  { target, before: coverage }: TargetReading,
  { next }: Decision,
  records: TargetRecords,
  deps: Pick<HandlerDeps, 'ledger' | 'clock'>,
): Promise<void> {
  const lastCompleteAtMs = coverage?.completeAtMs ?? Number.POSITIVE_INFINITY;
  const isOldNewcomer = ({ instanceId, state, launchedAtMs }: StoredRecord): boolean =>
    !records.has(instanceId) && state !== 'joined' && (launchedAtMs ?? 0) <= lastCompleteAtMs;
  if (![...next.values()].some(isOldNewcomer)) return;
  // Nothing was sent there under this ledger, and nothing will be before its commands are listed.
  if ((await deps.ledger.enrollments.lastListing(target)) === null) return;
  await distrustTarget(target, [], deps);
}

async function commit(
  target: Target,
  { changes, next }: Decision,
  sendsNotBeforeMs: number,
  deps: Pick<HandlerDeps, 'ledger' | 'clock' | 'enqueue' | 'timings'>,
): Promise<Written> {
  if (changes.length === 0 && ![...next.values()].some(isWaiting)) return { queued: 0, changed: 0 };
  const queued = changes.filter((change) => change.value?.state === 'queued').length;
  const now = deps.clock.now();
  const isAsked = queued > 0 && sendsNotBeforeMs <= now;
  // A job that is asked for at once needs no tick; one that is lost is found due within a minute.
  const notBeforeMs = isAsked ? now + deps.timings.jobTakenMs : sendsNotBeforeMs;
  const results = await deps.ledger.enrollments.write(target, 'each', changes, [], { notBeforeMs });
  // What takes the longest begins first: its bucket, not the workers, will be what it waits for.
  if (isAsked) {
    await deps.enqueue(catalog['install-batch'], [{ target }], { first: queued > MANY_CANDIDATES });
  }
  return { queued, changed: results.filter((result) => result === 'written').length };
}

/** Instances were given to a matcher that this worker has: what was said of one that it had not is over. */
async function clearSkew(
  target: Target,
  { changes }: Decision,
  before: TargetRecords,
  deps: Pick<HandlerDeps, 'ledger'>,
): Promise<void> {
  const handedOver = changes.some(({ instanceId, value }) => {
    const old = before.get(instanceId)?.value;
    return old !== undefined && value !== null && old.matcherKey !== value.matcherKey;
  });
  if (handedOver) await deps.ledger.control.clear('config-skew', targetId(target));
}
