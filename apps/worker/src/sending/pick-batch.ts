import type { Cause } from '@muster/core/domain/cause';
import { pausedBy } from '@muster/core/domain/control';
import type { EnrollmentRecord } from '@muster/core/domain/enrollment/record';
import type { InstanceId } from '@muster/core/domain/ids';
import type { Matcher } from '@muster/core/domain/matcher';
import { targetId, type Target } from '@muster/core/domain/target';
import type { Versioned } from '@muster/core/ports/ledger';
import { applyEvents } from '../records/apply-events.ts';
import type { HandlerDeps } from '../deps.ts';

/** Candidates looked at for one batch: more than a batch, since some are paused or have joined. */
const LOOK_AT = 200;

/** An instance that may be claimed, as it was read. */
export type Candidate = Versioned<EnrollmentRecord> & { readonly instanceId: InstanceId };

/** Candidates that share one command. */
export interface Batch {
  readonly matcher: Matcher;
  readonly candidates: readonly Candidate[];
}

/** Up to `limit` candidates that share one command; null when there is none. What has joined meanwhile is recorded and left out. */
export async function pickBatch(
  target: Target,
  matchers: readonly Matcher[],
  pauses: ReadonlySet<string>,
  limit: number,
  deps: HandlerDeps,
): Promise<Batch | null> {
  const ids = await deps.ledger.enrollments.candidates(target, deps.clock.now(), LOOK_AT);
  const records = await deps.ledger.enrollments.read(target, ids);
  const joined = await deps.ledger.nodes.find(target.accountId, ids);
  if (joined.size > 0) {
    await applyEvents(deps, target, records, (id) => {
      const nodeId = joined.get(id);
      return nodeId === undefined ? [] : [{ kind: 'node-seen', nodeId }];
    });
  }
  // A command may be live on an instance whose record does not know it: one adopted before its record was there.
  const intents = await deps.ledger.enrollments.intents(target);
  const open = new Set(intents.flatMap(({ value }) => value.instanceIds));
  const free: Candidate[] = [];
  for (const [instanceId, stored] of records) {
    if (open.has(instanceId) || isLeftForLater(stored.value, deps)) continue;
    const cause = causeOf(stored.value);
    if (joined.has(instanceId) || pausedBy(pauses, { ...target, instanceId, cause }) !== null) continue;
    free.push({ ...stored, instanceId });
  }
  const matcher = await ownerOf(free, matchers, target, deps);
  if (matcher === null) return null;
  return { matcher, candidates: free.filter((one) => one.value.matcherKey === matcher.key).slice(0, limit) };
}

/** The cause that a candidate waits for, when it has failed before: pauses can name it. */
export function causeOf(record: EnrollmentRecord): Cause | null {
  return record.state === 'failed' ? record.cause : null;
}

/** A run that ends by itself tries each instance once: what failed since it began waits for a later run. */
function isLeftForLater(record: EnrollmentRecord, { leaveFailedSinceMs }: HandlerDeps): boolean {
  return leaveFailedSinceMs !== null && record.state === 'failed' && record.changedAtMs >= leaveFailedSinceMs;
}

/** The matcher of the first candidate that has one here. A key nobody holds means that workers run different configurations. */
async function ownerOf(
  candidates: readonly Candidate[],
  matchers: readonly Matcher[],
  target: Target,
  deps: HandlerDeps,
): Promise<Matcher | null> {
  for (const { value } of candidates) {
    const matcher = matchers.find((one) => one.key === value.matcherKey);
    if (matcher !== undefined) return matcher;
  }
  if (candidates.length > 0) {
    await deps.ledger.control.raise({
      kind: 'config-skew',
      scope: targetId(target),
      sinceMs: deps.clock.now(),
      message: 'Instances wait for a matcher that this worker does not have.',
      remedy:
        'Give all workers the same configuration and restart them; the next scan assigns the instances anew.',
    });
  }
  return null;
}
