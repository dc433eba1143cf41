import type { Ledger } from '@muster/core/control/ledger';
import type { Caps } from '@muster/core/enrollment/enrollment-store';
import type { BatchId } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import { aCommandId, anInstanceId, anIntent, NOW_MS } from './builders.ts';

type Place = readonly [ledger: Pick<Ledger, 'control' | 'enrollments'>, target: Target, batchId: BatchId];

/** Writes the intent of a live batch of as many instances as the caps leave room for, at most `wanted`. @returns for how many */
export async function claimRoom(
  ...[ledger, target, batchId, wanted, caps]: [...Place, number, Caps]
): Promise<number> {
  const size = Math.min(wanted, await ledger.control.room(target, caps));
  if (size === 0) return 0;
  const [result] = await ledger.enrollments.write(target, 'all', [], [changeOf(batchId, size)], { caps });
  return result === 'written' ? size : 0;
}

/** Writes the intent of a batch that was found in AWS. */
export async function adoptBatch(...[ledger, target, batchId, size]: [...Place, number]): Promise<void> {
  await ledger.enrollments.write(target, 'all', [], [changeOf(batchId, size)]);
}

/** Ends a batch: deletes its intent, if there is one. */
export async function endBatch(...[ledger, target, batchId]: Place): Promise<void> {
  const expected = (await ledger.enrollments.intent(target, batchId))?.version ?? 0;
  await ledger.enrollments.write(target, 'all', [], [{ batchId, expected, value: null }]);
}

function changeOf(batchId: BatchId, size: number) {
  const instanceIds = Array.from({ length: size }, (_, n) => anInstanceId(n));
  const command = { commandId: aCommandId(1), expiresAtMs: NOW_MS };
  return { batchId, expected: 0, value: anIntent({ batchId, instanceIds, command }) };
}
