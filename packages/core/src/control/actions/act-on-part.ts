/** One step of a bulk action: the hosts of one target. Done twice, it does nothing more than done once. */
import { applyEvents, type ApplyDeps } from '../../enrollment/apply-events.ts';
import { causeOf, type StoredRecord } from '../../enrollment/record.ts';
import type { Catalog } from '../../jobs/catalog.ts';
import type { PayloadOf } from '../../jobs/define-job.ts';
import type { InstanceId } from '../../organization/ids.ts';
import { targetId, type Target } from '../../organization/target.ts';
import type { Ledger } from '../ledger.ts';
import { covers, type Scope } from '../scope.ts';
import type { ActionPart, ActionProgress } from './action.ts';
import { judgeRetry } from './choose-hosts.ts';
import type { SealedRecord } from '../../enrollment/seal.ts';

/** Hosts of a step, by what became of them. */
export type StepCounts = Omit<ActionProgress, 'total'>;

type RetryDeps = Pick<ApplyDeps, 'config' | 'clock' | 'random'> & { readonly ledger: Ledger };

/**
 * Tries again now what has failed or could not be sent to, and what waits for its back-off. The record carries the mark of the
 * retry, written with it: after a kill the step is taken again, and finds by the mark whom it has retried.
 *
 * @param scope what of the part is meant, where it names no ids
 */
export async function retryPart(
  deps: RetryDeps,
  { target, ids }: ActionPart,
  scope: Scope,
  mark: string,
): Promise<StepCounts> {
  const { ledger, clock } = deps;
  const all =
    ids === null ? await ledger.enrollments.readAll(target) : await ledger.enrollments.read(target, ids);
  // By the mark and not by the scope: what was retried has no cause any more.
  const marked = [...all.values()].filter(({ value }) => value.ramp === mark);
  const isWanted = (record: StoredRecord): boolean =>
    record.ramp !== mark && judgeRetry(record, clock.now()) === null;
  const chosen = new Map<InstanceId, SealedRecord>(
    [...all].filter(([, { value }]) => covers(scope, placeOf(target, value)) && isWanted(value)),
  );
  const written = await applyEvents(deps, target, chosen, (_, record) =>
    isWanted(record) ? [{ kind: 'retry-requested', ramp: mark }] : [],
  );
  const reached = new Set(written.map(({ after }) => after.instanceId));
  // Those that another process has retried meanwhile, on the same step.
  const left = [...chosen.keys()].filter((id) => !reached.has(id));
  const others = [...(await ledger.enrollments.read(target, left)).values()].filter(
    ({ value }) => value.ramp === mark,
  );
  const done = marked.length + written.length + others.length;
  if (done > 0) {
    const member = targetId(target);
    // What could not be sent to is judged anew by a scan; what had failed is sent to at once.
    const retried = [
      ...[...marked, ...others].map(({ value }) => value),
      ...written.map(({ after }) => after),
    ];
    if (retried.some(({ state }) => state === 'discovered')) await ledger.due.schedule('scan', [member]);
    await ledger.due.schedule('install', [member]);
  }
  // Of a scope what it has no business with was never asked for; of a list, what has changed meanwhile is told.
  return { done, skipped: ids === null ? 0 : ids.length - done, failed: 0 };
}

/** Gives the workers a job for each live command of the part. SSM takes a second cancellation of the same command as the first. */
export async function cancelPart(
  { ledger }: { readonly ledger: Pick<Ledger, 'enrollments'> },
  { target, ids }: ActionPart,
  enqueue: (payloads: readonly PayloadOf<Catalog['cancel-command']>[]) => Promise<void>,
): Promise<StepCounts> {
  const wanted = ids === null ? null : new Set(ids);
  const payloads: PayloadOf<Catalog['cancel-command']>[] = [];
  let hosts = 0;
  for (const { value } of await ledger.enrollments.intents(target)) {
    const meant = value.instanceIds.filter((id) => wanted?.has(id) ?? true);
    hosts += meant.length;
    const { batchId } = value;
    if (wanted === null) payloads.push({ target, batchId, instanceId: null });
    else payloads.push(...meant.map((instanceId) => ({ target, batchId, instanceId })));
  }
  if (payloads.length > 0) await enqueue(payloads);
  return { done: hosts, skipped: ids === null ? 0 : Math.max(0, ids.length - hosts), failed: 0 };
}

function placeOf(target: Target, record: StoredRecord): Parameters<typeof covers>[1] {
  return { ...target, instanceId: record.instanceId, cause: causeOf(record) };
}
