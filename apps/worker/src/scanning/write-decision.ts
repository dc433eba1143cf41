import { targetId, type Target } from '@muster/core/domain/target';
import type { HandlerDeps } from '../deps.ts';
import { dispatch } from '../due-work.ts';
import { isOpen } from '../records/mend-ledger.ts';
import { isCandidate, scheduleOpenBatches, scheduleWorkOf } from '../records/work-of-records.ts';
import type { Decision, Records } from './decide-target.ts';

/** More candidates than the default bucket lets be sent to at once: five commands of 50. */
const MANY_CANDIDATES = 250;

/** What a scan changed: instances that now wait for an install, and records written. */
export interface Written {
  readonly queued: number;
  readonly changed: number;
}

/** Writes what a scan decided, and makes due what it calls for, also where nothing changed: the records know. */
export async function writeDecision(
  target: Target,
  decision: Decision,
  before: Records,
  deps: HandlerDeps,
): Promise<Written> {
  const records = [...decision.next.values()];
  const sendsNotBeforeMs = records.some(isCandidate) ? await deps.sendsNotBeforeMs() : 0;
  const written = await writeChanges(target, decision, sendsNotBeforeMs, deps);
  await clearSkew(target, decision, before, deps);
  // What was due and has been lost (a kill, a Redis that forgot) is due again.
  await scheduleWorkOf(deps, target, records, sendsNotBeforeMs);
  if (records.some(isOpen)) await scheduleOpenBatches(deps, target, before);
  return written;
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
  if (installed) await deps.ledger.due.schedule('verify', [{ member: id, atMs: deps.clock.now() }]);
  const now = deps.clock.now();
  const atMs = Math.max(now + deps.timings.followUpMs, sendsNotBeforeMs);
  if (queued > 0) await deps.ledger.due.schedule('install', [{ member: id, atMs }]);
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
