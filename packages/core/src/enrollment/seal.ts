/**
 * Redis holds the records, and a client that can write to it could make a host whose command is live look as if it waited for
 * one. So a record carries a seal, made with the marker key. It proves that a worker of Muster wrote this record at some time.
 * Only its version tells the record from an older copy (docs/security.md).
 */
import { stateOf, type StoredRecord } from './record.ts';
import { isMacOf, macOf, type MacKey } from '../install/mac.ts';
import type { InstanceId } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';

/** `absent`: written before there was a key, by a process without one, or by another client that took it away. */
export type SealState = 'good' | 'absent' | 'wrong';

/** What stands in place of a seal in a record that came from one whose seal was wrong: it fits nothing. */
export const BROKEN_SEAL = '!';

/** A record as it lies in the ledger, with the version it was read at. */
export interface SealedRecord {
  readonly version: number;
  readonly value: StoredRecord;
  /** Absent or empty without one. */
  readonly seal?: string | undefined;
}

/** Those of one target, as they were read. */
export type TargetRecords = ReadonlyMap<InstanceId, SealedRecord>;

/** Empty without a key. */
export function sealOf(
  keys: readonly MacKey[],
  target: Target,
  { version, value }: Pick<SealedRecord, 'version' | 'value'>,
): string {
  return macOf(keys, 'record', sealedParts(target, version, value));
}

/** Without a key no seal can be checked, and every record counts as good. */
export function sealStateOf(keys: readonly MacKey[], target: Target, record: SealedRecord): SealState {
  const { version, value, seal } = record;
  if (keys.length === 0) return 'good';
  if (seal === undefined || seal === '') return 'absent';
  return isMacOf(keys, 'record', sealedParts(target, version, value), seal) ? 'good' : 'wrong';
}

/**
 * What decides whether a command may be sent: whose record it is, where it stands, and by which command. Every release
 * covers exactly these, so that a newer one's seal is good here too (docs/decisions/0015).
 */
function sealedParts(
  { accountId, region }: Target,
  version: number,
  record: StoredRecord,
): readonly (string | number | null)[] {
  return [
    accountId,
    region,
    record.instanceId,
    version,
    stateOf(record),
    record.matcherKey,
    'batchId' in record ? (record.batchId ?? null) : null,
    'commandId' in record ? (record.commandId ?? null) : null,
    record.attempts.at(-1)?.batchId ?? null,
  ];
}
