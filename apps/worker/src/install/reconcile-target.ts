import { type Invocation, longestLifeMs } from '@muster/core/install/command';
import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import type { StoredRecord } from '@muster/core/enrollment/record';
import type { BatchId, InstanceId } from '@muster/core/organization/ids';
import { intentSeal } from '@muster/core/install/intent';
import { isLive } from '@muster/core/install/invocation-result';
import type { Matcher } from '@muster/core/scan/matcher';
import { groupByRole } from '@muster/core/scan/matcher-scope';
import type { Target } from '@muster/core/organization/target';
import { applyEvents, applyWithIntent } from '@muster/core/enrollment/apply-events';
import type { HandlerDeps } from '../deps.ts';
import { sealerOf } from '../organization/account-scope.ts';
import { listOwnCommands } from './own-commands.ts';
import { reportForeignMarkers } from '../control/marker-findings.ts';

/**
 * Before the first send to a target under a new ledger epoch (a first run, a flushed, restored or failed-over Redis),
 * lists the target's own recent commands and adopts those of ours that are still live, and those that have ended
 * without the ledger knowing: a host that was installed a moment ago is not in the inventory yet. What Redis forgot, AWS
 * knows.
 *
 * @returns how many commands were adopted
 */
export async function reconcileTarget(
  target: Target,
  matchers: readonly Matcher[],
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<number> {
  let adopted = 0;
  for (const { role, matchers: group } of groupByRole(matchers, target.accountId, target.region)) {
    const [owner] = group;
    if (owner === undefined) continue;
    const intents = await deps.ledger.enrollments.intents(target);
    const { batches, forged } = await listOwnCommands(
      { ...target, role },
      intents.map(({ value }) => value),
      signal,
      deps,
    );
    await reportForeignMarkers(target, forged, deps);
    for (const [batchId, invocations] of batches) {
      if (await adopt(target, owner, batchId, invocations, deps)) adopted += 1;
    }
  }
  return adopted;
}

/** States of an instance that waits for a command. */
const WAITING: ReadonlySet<StoredRecord['state']> = new Set(['discovered', 'queued', 'lost', 'failed']);

/**
 * Whether an end is news: the instance waits for a command as if it had not had this one. Of attempts, only the last few are
 * kept.
 *
 * @param aheadMs see `CommandsPort.awsAheadMs`
 */
function isNews(
  record: StoredRecord | undefined,
  { commandId, requestedAtMs }: Invocation,
  aheadMs: number,
): boolean {
  if (record === undefined) return false;
  if (!WAITING.has(record.state) || record.attempts.some((attempt) => attempt.commandId === commandId)) {
    return false;
  }
  const last = record.attempts.at(-1);
  return last === undefined || requestedAtMs - aheadMs > last.endedAtMs;
}

/**
 * Makes a command known: its intent, so that it is followed to its end, and its instances, so that they are left alone.
 * One that has ended goes the same way, and ends at the next look.
 */
async function adopt(
  target: Target,
  owner: Matcher,
  batchId: BatchId,
  invocations: readonly Invocation[],
  deps: HandlerDeps,
): Promise<boolean> {
  const [first] = invocations;
  const known = await deps.ledger.enrollments.intent(target, batchId);
  if (first === undefined) return false;
  const { commandId } = first;
  const instanceIds: readonly InstanceId[] = invocations.map((invocation) => invocation.instanceId);
  const records = await deps.ledger.enrollments.read(target, instanceIds);
  const byInstance = new Map(invocations.map((invocation) => [invocation.instanceId, invocation]));
  const aheadMs = deps.commands.awsAheadMs();
  const isAdopted = (id: InstanceId, record: StoredRecord | undefined): boolean => {
    const invocation = byInstance.get(id);
    return invocation !== undefined && (isLive(invocation) || isNews(record, invocation, aheadMs));
  };
  if (!instanceIds.some((id) => isAdopted(id, records.get(id)?.value))) return false;
  const eventsOf = (id: InstanceId, record: StoredRecord): readonly EnrollmentEvent[] =>
    isAdopted(id, record) ? [{ kind: 'accepted', batchId, commandId }] : [];
  if (known !== null && known.value.command !== null) {
    // It is followed already; but a record that was made anew does not know that.
    await applyEvents(deps, target, records, eventsOf);
    return false;
  }
  // Without caps it is in flight whatever they say, and counts for its own account: what a member account may have written
  // must not take the room of another.
  const written = await applyWithIntent(deps, target, instanceIds, eventsOf, {
    batchId,
    expected: known?.version ?? 0,
    value: {
      batchId,
      matcherKey: owner.key,
      documentName: first.documentName,
      instanceIds,
      intentAtMs: first.requestedAtMs,
      notAfterMs: first.requestedAtMs,
      epoch: known?.value.epoch ?? 'adopted',
      command: { commandId, expiresAtMs: first.requestedAtMs + longestLifeMs(deps.config.install) },
      polls: 0,
      seal: intentSeal(sealerOf(deps), target, batchId),
    },
  });
  return written !== null;
}
