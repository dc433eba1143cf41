import { causeOf, type EnrollmentRecord, type StoredRecord } from './record.ts';
import { BROKEN_SEAL, type SealedRecord, sealOf, type SealState } from './seal.ts';
import type { Target } from '../organization/target.ts';
import type { MacKey } from '../install/mac.ts';
import type { Intent } from '../install/intent.ts';
import { encodeStored, parseRecord, parseStored, StoredIntent } from './stored-schema.ts';
import type { Versioned } from './enrollment-store.ts';

/**
 * A record as it lies in Redis: `version|state|cause|candidateAt|verifyAt|JSON`, with `seal|` before the JSON when it has one.
 * The header repeats what the indexes need, so that commit-target.lua keeps them without understanding the record.
 *
 * @param seal empty for none; no `|` and no brace
 */
function encodeRecord(version: number, record: EnrollmentRecord, seal = ''): string {
  return `${headerOf(version, record)}${seal === '' ? '' : `${seal}|`}${encodeStored(record)}`;
}

/** The same with its seal: none without a key, or when the record comes from one without; a broken one stays broken. */
export function encodeSealed(
  version: number,
  value: EnrollmentRecord,
  seal: { readonly target: Target; readonly keys: readonly MacKey[]; readonly state: SealState | undefined },
): string {
  const { target, keys, state = 'good' } = seal;
  if (keys.length === 0 || state === 'absent') return encodeRecord(version, value);
  return encodeRecord(
    version,
    value,
    state === 'wrong' ? BROKEN_SEAL : sealOf(keys, target, { version, value }),
  );
}

function headerOf(version: number, record: EnrollmentRecord): string {
  return `${version}|${record.state}|${causeOf(record) ?? ''}|${candidateAt(record) ?? ''}|${joinDeadlineOf(record) ?? ''}|`;
}

/** Null when the text is no record of any release, or its header says otherwise than its JSON. */
export function decodeRecord(text: string): SealedRecord | null {
  const brace = text.indexOf('{');
  if (brace === -1) return null;
  const version = Number.parseInt(text, 10);
  const value = parseRecord(text.slice(brace));
  if (value === null || Number.isNaN(version)) return null;
  // The indexes are made from the header: with another one, lists and counts would say what no record says.
  const header = text.slice(0, brace);
  if (value.state === 'unknown') {
    // When such a record may be claimed, or must have joined, only the release that wrote it can tell.
    const start = `${version}|${value.storedState}|${value.cause ?? ''}|`;
    if (!header.startsWith(start) || !/^\d*\|\d*\|/.test(header.slice(start.length))) return null;
  } else if (!header.startsWith(headerOf(version, value))) {
    return null;
  }
  const seal = header.split('|')[SEAL_FIELD] ?? '';
  return seal === '' ? { version, value } : { version, value, seal };
}

/** Of the header's parts; the JSON's place when there is no seal. */
const SEAL_FIELD = 5;

export function encodeIntent(version: number, intent: Intent): string {
  return `${version}|${encodeStored(intent)}`;
}

export function decodeIntent(text: string): Versioned<Intent> | null {
  const bar = text.indexOf('|');
  const version = Number.parseInt(text, 10);
  const value = parseStored(StoredIntent, text.slice(bar + 1));
  return value === null || Number.isNaN(version) ? null : { version, value };
}

/** From when a claim may take it, epoch ms; null when it is no candidate. */
export function candidateAt(record: StoredRecord): number | null {
  if (record.state === 'queued') return record.readyAtMs;
  if (record.state === 'lost') return record.repairAtMs;
  return record.state === 'failed' ? record.nextAttemptAtMs : null;
}

/** Until when its node must show up in the inventory, epoch ms; null when it is not waited for. */
export function joinDeadlineOf(record: StoredRecord): number | null {
  return record.state === 'installed' ? record.joinDeadlineMs : null;
}
