import type { StoredRecord } from '@muster/core/enrollment/record';
import { targetId, type Target } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import { dispatch } from '../due-work.ts';
import { isOpen } from '../enrollment/mend-ledger.ts';
import { isCandidate, scheduleOpenBatches, scheduleWorkOf } from '../enrollment/work-of-records.ts';
import { distrustTarget } from '../control/distrust-target.ts';
import type { Decision, Reading, Records } from './decide-target.ts';

/** More candidates than the default bucket lets be sent to at once: five commands of 50. */
const MANY_CANDIDATES = 250;

/** What a scan changed: instances that now wait for an install, and records written. */
export interface Written {
  readonly queued: number;
  readonly changed: number;
}

/** Writes what a scan decided, and makes due what it calls for, also where nothing changed: the records know. */
export async function writeDecision(
  reading: Reading,
  decision: Decision,
  before: Records,
  deps: HandlerDeps,
): Promise<Written> {
  const { target } = reading;
  const records = [...decision.next.values()];
  const outlook = records.some(isCandidate) ? await deps.sendOutlook() : null;
  const sendsNotBeforeMs = outlook?.notBeforeMs ?? 0;
  await distrustOldNewcomers(reading, decision, before, deps);
  const written = await writeChanges(target, decision, sendsNotBeforeMs, deps);
  await clearSkew(target, decision, before, deps);
  // What was due and has been lost (a kill, a Redis that forgot) is due again.
  await scheduleWorkOf(deps, target, records, sendsNotBeforeMs);
  const reason = outlook?.reason ?? null;
  if (reason !== null) {
    await deps.ledger.waits.note(target, { reason, untilMs: null, nowMs: deps.clock.now(), hasSent: false });
  }
  if (records.some(isOpen)) await scheduleOpenBatches(deps, target, before);
  return written;
}

/**
 * An instance without a record that ran already when the target was last read completely. Either it was not wanted then, or a
 * client of Redis has deleted its record, and a command may be live on it. So the worker lists the target's commands before
 * the next send.
 */
async function distrustOldNewcomers(
  { target, before: coverage }: Reading,
  { next }: Decision,
  records: Records,
  deps: HandlerDeps,
): Promise<void> {
  const readAtMs = coverage?.completeAtMs ?? Number.POSITIVE_INFINITY;
  const isOldNewcomer = ({ instanceId, state, launchedAtMs }: StoredRecord): boolean =>
    !records.has(instanceId) && state !== 'joined' && (launchedAtMs ?? 0) <= readAtMs;
  if (![...next.values()].some(isOldNewcomer)) return;
  // Nothing was sent there under this ledger, and nothing will be before its commands are listed.
  if ((await deps.ledger.enrollments.lastListing(target)) === null) return;
  await distrustTarget(target, [], deps);
}

async function writeChanges(
  target: Target,
  { changes }: Decision,
  sendsNotBeforeMs: number,
  deps: HandlerDeps,
): Promise<Written> {
  if (changes.length === 0) return { queued: 0, changed: 0 };
  const queued = changes.filter((change) => change.value?.state === 'queued').length;
  const installed = changes.some((change) => change.value?.state === 'installed');
  const id = targetId(target);
  // What is due is written before what it is due for: see `dispatch`.
  if (installed) await deps.ledger.due.schedule('verify', [{ member: id, inMs: 0 }]);
  const now = deps.clock.now();
  const inMs = Math.max(deps.timings.followUpMs, sendsNotBeforeMs - now);
  if (queued > 0) await deps.ledger.due.schedule('install', [{ member: id, inMs }]);
  const words = await deps.ledger.enrollments.write(target, 'each', changes, []);
  // What takes the longest begins first: its bucket, not the workers, will be what it waits for.
  const first = queued > MANY_CANDIDATES;
  if (queued > 0 && sendsNotBeforeMs <= now) await dispatch(deps, 'install', [id], { first });
  return { queued, changed: words.filter((word) => word === 'written').length };
}

/** Instances were given to a matcher that this worker has: what was said of one that it had not is over. */
async function clearSkew(
  target: Target,
  { changes }: Decision,
  before: Records,
  deps: HandlerDeps,
): Promise<void> {
  const handedOver = changes.some(({ instanceId, value }) => {
    const old = before.get(instanceId)?.value;
    return old !== undefined && value !== null && old.matcherKey !== value.matcherKey;
  });
  if (handedOver) await deps.ledger.control.clear('config-skew', targetId(target));
}
