import type { StoredRecord } from '@muster/core/enrollment/record';
import type { InstanceId } from '@muster/core/organization/ids';
import { targetId, type Target } from '@muster/core/organization/target';
import { collectMember } from '@muster/core/jobs/catalog';
import type { HandlerDeps } from '../deps.ts';
import { restoreIntents } from './mend-ledger.ts';
import type { Versioned } from '@muster/core/enrollment/enrollment-store';

type Deps = Pick<HandlerDeps, 'ledger' | 'clock' | 'timings' | 'config'>;

/**
 * Makes due what these records of one target call for: candidates an install, installed ones a look at the inventory.
 *
 * Work is made due before its records are written, so that a kill in between loses nothing. That alone is not enough: a
 * hint may be taken up at once, and whoever does finds nothing yet and ends it. So this is called again after the
 * write, and by every scan for what has been lost all the same.
 *
 * @param notBeforeMs no install is due earlier, epoch ms: sends are withheld until then
 */
export async function scheduleWorkOf(
  deps: Deps,
  target: Target,
  records: Iterable<StoredRecord>,
  notBeforeMs = 0,
): Promise<void> {
  let candidateAtMs: number | null = null;
  let awaitsJoin = false;
  for (const record of records) {
    const atMs = candidateAt(record);
    if (atMs !== null) candidateAtMs = Math.min(candidateAtMs ?? atMs, atMs);
    if (record.state === 'installed' && record.joinDeadlineMs !== null) awaitsJoin = true;
  }
  const member = targetId(target);
  if (candidateAtMs !== null) {
    const inMs = Math.max(candidateAtMs, notBeforeMs) - deps.clock.now();
    await deps.ledger.due.schedule('install', [{ member, inMs }]);
  }
  if (awaitsJoin) {
    await deps.ledger.due.schedule('verify', [{ member, inMs: deps.timings.retryMs }]);
  }
}

/**
 * Makes sure that every open batch of a target is looked at; one that is due soon anyway stays as it is.
 *
 * @param records all of the target's, as they were read before
 */
export async function scheduleOpenBatches(
  deps: Deps,
  target: Target,
  records: ReadonlyMap<InstanceId, Versioned<StoredRecord>>,
): Promise<void> {
  const inMs = 2 * deps.config.install.pollMaxMs;
  const intents = await deps.ledger.enrollments.intents(target);
  await restoreIntents(target, records, intents, deps);
  await deps.ledger.due.schedule(
    'collect',
    intents.map(({ value }) => ({ member: collectMember(target, value.batchId), inMs })),
  );
}

/** Whether it waits for an install, now or later. */
export function isCandidate(record: StoredRecord): boolean {
  return candidateAt(record) !== null;
}

/** When it may be installed, epoch ms; null when it is no candidate. */
export function candidateAt(record: StoredRecord): number | null {
  if (record.state === 'queued') return record.readyAtMs;
  return record.state === 'failed' ? record.nextAttemptAtMs : null;
}
