import { hasOpenCommand, type OpenRecord } from '@muster/core/enrollment/record';
import { longestLifeMs } from '@muster/core/install/command';
import type { BatchId } from '@muster/core/organization/ids';
import type { Intent } from '@muster/core/install/intent';
import { findingOfSetAside } from '@muster/core/enrollment/set-aside-store';
import type { Target } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import { distrustTarget } from '../control/distrust-target.ts';
import type { TargetRecords } from '@muster/core/enrollment/seal';

type Deps = Pick<HandlerDeps, 'ledger' | 'clock' | 'config'>;

/** In place of an epoch, in an intent that was made again from the records of its batch: they may not be all of them. */
export const RESTORED_EPOCH = 'restored';

/** A target's records; what cannot be read is set aside first, so that its place is free. */
export async function readRecords(target: Target, deps: Deps): Promise<TargetRecords> {
  let unreadable = false;
  const records = await deps.ledger.enrollments.readAll(target, () => {
    unreadable = true;
  });
  if (unreadable) await setAsideUnreadable(target, deps);
  return records;
}

/**
 * Sets aside what cannot be read of a target (another release wrote it, another tool, a broken copy) and says so. What
 * it held is found again: instances by the scan, commands by the look through the target's own before the next send.
 */
export async function setAsideUnreadable(target: Target, deps: Deps): Promise<readonly string[]> {
  const ids = await deps.ledger.enrollments.setAsideUnreadable(target);
  if (ids.length === 0) return ids;
  const { control, setAside } = deps.ledger;
  const nowMs = deps.clock.now();
  await setAside.note(target, ids, nowMs);
  // One finding for all of it. The scheduler keeps its count, and ends it when all was made anew.
  if ((await control.raised(['ledger-unreadable'], 'all')).size === 0) {
    await control.raise(findingOfSetAside(await setAside.all(), nowMs));
  }
  return ids;
}

/**
 * Writes the intents that open records call for and that are not there: without one nothing follows their command, and they
 * would wait for good. Muster writes both in one script, so another client deleted the intent, or it was set aside.
 *
 * @param records the target's, as they were read before
 */
export async function restoreIntents(target: Target, records: TargetRecords, deps: Deps): Promise<void> {
  if (![...records.values()].some(({ value }) => hasOpenCommand(value))) return;
  const intents = await deps.ledger.enrollments.intents(target);
  const known = new Set(intents.map(({ value }) => value.batchId));
  const orphans = [...records.values()].filter(
    ({ value }) => hasOpenCommand(value) && !known.has(value.batchId),
  );
  if (orphans.length === 0) return;
  const setAside = new Set(await setAsideUnreadable(target, deps));
  const again = await deps.ledger.enrollments.read(
    target,
    orphans.map(({ value }) => value.instanceId),
  );
  const batches = new Map<BatchId, OpenRecord[]>();
  for (const { version, value } of orphans) {
    // One that moved meanwhile was only read before its intent was closed.
    if (!hasOpenCommand(value) || again.get(value.instanceId)?.version !== version) continue;
    batches.set(value.batchId, [...(batches.get(value.batchId) ?? []), value]);
  }
  const doubts = [...batches]
    .filter(([batchId]) => !setAside.has(batchId))
    .map(([batchId, open]) => ({
      id: open.map(({ instanceId }) => instanceId).join(', '),
      why: `${open[0]?.state ?? 'open'} by the batch ${batchId}, whose intent is not there`,
    }));
  // What deleted the intent may have deleted records as well, and those have a command in AWS.
  if (doubts.length > 0) await distrustTarget(target, doubts, deps);
  for (const [batchId, open] of batches) {
    await deps.ledger.enrollments.write(
      target,
      'each',
      [],
      [{ batchId, expected: 0, value: intentOf(batchId, open, deps) }],
    );
  }
}

/** As its sender wrote it, as far as the records tell; where they do not, the later time is taken. */
function intentOf(batchId: BatchId, records: readonly OpenRecord[], { config }: Deps): Intent {
  const [first] = records;
  const claimedAtMs = Math.max(...records.map((record) => record.changedAtMs));
  const accepted = records.find((record) => record.state === 'installing');
  const matcher = config.matchers.find((one) => one.key === first?.matcherKey) ?? config.matchers[0];
  const documentName = matcher?.install.documentName ?? '';
  return {
    batchId,
    matcherKey: first?.matcherKey ?? ('' as Intent['matcherKey']),
    documentName,
    instanceIds: records.map((record) => record.instanceId),
    intentAtMs: claimedAtMs,
    notAfterMs: claimedAtMs + config.install.sendWindowMs,
    epoch: RESTORED_EPOCH,
    command:
      accepted?.state === 'installing'
        ? {
            commandId: accepted.commandId,
            expiresAtMs: claimedAtMs + longestLifeMs(config.install),
          }
        : null,
    polls: 0,
  };
}
