import type { Ledger } from '@muster/core/control/ledger';
import type { Caps, RecordChange } from '@muster/core/enrollment/enrollment-store';
import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import type { BatchId, InstanceId } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import { aCommandId, anInstanceId, anIntent, aRecord, NOW_MS } from './builders.ts';

type Place = readonly [ledger: Pick<Ledger, 'caps' | 'enrollments'>, target: Target, batchId: BatchId];

/** No two batches of a test file share an instance. */
let instancesMade = 10_000;

/** Claims as many new instances as the caps leave room for, at most `wanted`. @returns how many */
export async function claimRoom(
  ...[ledger, target, batchId, wanted, caps]: [...Place, number, Caps]
): Promise<number> {
  const size = Math.min(wanted, (await ledger.caps.room(target, caps)).hosts);
  if (size === 0) return 0;
  const intent = intentOf(batchId, size);
  const records = intent.value.instanceIds.map(
    (instanceId): RecordChange => ({
      instanceId,
      expected: 0,
      value: { ...aRecord('sending'), instanceId, batchId },
    }),
  );
  const [result] = await ledger.enrollments.write(target, 'all', records, [intent], { caps });
  return result === 'written' ? size : 0;
}

/** Writes the intent of a batch that was found in AWS, on instances without records. */
export async function adoptBatch(...[ledger, target, batchId, size]: [...Place, number]): Promise<void> {
  await ledger.enrollments.write(target, 'all', [], [intentOf(batchId, size)]);
}

/** Ends a batch: its instances wait again, and its intent is gone, if there is one. */
export async function endBatch(...[ledger, target, batchId]: Place): Promise<void> {
  await endHosts(ledger, target, batchId, (instanceId) => ({ ...aRecord('queued'), instanceId }));
}

/** Ends a batch whose instances then wait for their nodes. */
export async function installBatch(...[ledger, target, batchId]: Place): Promise<readonly InstanceId[]> {
  const joinDeadlineMs = NOW_MS + 900_000;
  return endHosts(ledger, target, batchId, (instanceId) => ({
    ...aRecord('installed'),
    instanceId,
    joinDeadlineMs,
  }));
}

async function endHosts(
  ...[ledger, target, batchId, recordOf]: [...Place, (id: InstanceId) => EnrollmentRecord]
): Promise<readonly InstanceId[]> {
  const intent = await ledger.enrollments.intent(target, batchId);
  if (intent === null) return [];
  const known = await ledger.enrollments.read(target, intent.value.instanceIds);
  const records = [...known].map(
    ([instanceId, { version }]): RecordChange => ({
      instanceId,
      expected: version,
      value: recordOf(instanceId),
    }),
  );
  await ledger.enrollments.write(
    target,
    'all',
    records,
    [{ batchId, expected: intent.version, value: null }],
    { notBeforeMs: Number.POSITIVE_INFINITY },
  );
  return intent.value.instanceIds;
}

function intentOf(batchId: BatchId, size: number) {
  const instanceIds = Array.from({ length: size }, () => anInstanceId((instancesMade += 1)));
  const command = { commandId: aCommandId(1), expiresAtMs: NOW_MS };
  return { batchId, expected: 0, value: anIntent({ batchId, instanceIds, command }) };
}
