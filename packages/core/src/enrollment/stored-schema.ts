import { z } from 'zod';
import { ForeignWord, StoredCause } from './cause.ts';
import {
  AnyRecord,
  ENROLLMENT_STATES,
  EpochMs,
  KnownRecord,
  type StoredRecord,
  type UnknownRecord,
} from './record.ts';
import { FINDING_KINDS } from '../control/finding-kinds.ts';
import { type Pause, PAUSERS } from '../control/findings.ts';
import { LEDGER_SCHEMA } from '../control/installation.ts';
import { BatchId, CommandId, InstanceId, MatcherKey, Region, SweepId } from '../organization/ids.ts';
import type { Intent } from '../install/intent.ts';
import { ReportAccount } from '../reports/report.ts';

/**
 * A record of any release; null for what is none, which the reader sets aside and never guesses at. One in a state that this release does not know, or that a newer release
 * wrote and this one cannot read whole, has what all records share, and the rest as it lies there.
 */
export function parseRecord(text: string): StoredRecord | null {
  const stored = readStored(text);
  if (stored === null) return null;
  const known = KnownRecord.safeParse(stored.value);
  if (known.success) return known.data;
  const any = AnyRecord.safeParse(stored.value);
  if (!any.success) return null;
  const { state, ...rest } = any.data;
  const isOurs = stored.schema <= LEDGER_SCHEMA && ENROLLMENT_STATES.some((one) => one === String(state));
  return isOurs ? null : ({ ...rest, state: 'unknown', storedState: state } satisfies UnknownRecord);
}

export const StoredIntent: z.ZodType<Intent> = z.looseObject({
  batchId: BatchId,
  matcherKey: MatcherKey,
  documentName: z.string(),
  instanceIds: z.array(InstanceId),
  intentAtMs: EpochMs,
  notAfterMs: EpochMs,
  epoch: z.string(),
  command: z.looseObject({ commandId: CommandId, expiresAtMs: EpochMs }).nullable(),
  polls: z.number(),
  keyId: z.string().optional(),
  sweepIds: z.array(SweepId).max(10).optional().catch(undefined),
  seal: z.string().optional(),
});

export const StoredCoverage = z.looseObject({
  status: z.enum(['complete', 'partial', 'denied', 'regionOff', 'throttled', 'failed', 'pending']),
  attemptedAtMs: EpochMs.nullable(),
  completeAtMs: EpochMs.nullable(),
  cause: StoredCause.nullable(),
  detail: z.string(),
  failures: z.number(),
  failingSinceMs: EpochMs.optional(),
});

/** What a later release adds is left out, not a reason to know the account no more. */
export const StoredAccount = ReportAccount;

export const StoredRegions = z.array(Region);

export const StoredPause = z.looseObject({
  scope: z.string(),
  atMs: EpochMs,
  // What the brake did not order, an operator ends.
  by: z.enum(Object.keys(PAUSERS) as [Pause['by'], ...Pause['by'][]]).catch('operator'),
  reason: z.string(),
});

export const StoredFinding = z.looseObject({
  kind: z.union([z.enum(FINDING_KINDS), ForeignWord]),
  scope: z.string(),
  sinceMs: EpochMs,
  message: z.string(),
  remedy: z.string(),
  // By Redis's time; without one it stands until it is cleared.
  endsAtMs: EpochMs.optional().catch(undefined),
});

/** A value as JSON for Redis, with the schema number of this release as `v`. Fields of a newer release go along. */
export function encodeStored(value: object): string {
  return JSON.stringify({ v: LEDGER_SCHEMA, ...value });
}

/** Parses JSON by a schema, without its schema number; null for anything that no release writes. */
export function parseStored<T>(schema: z.ZodType<T>, text: string): T | null {
  const parsed = schema.safeParse(readStored(text)?.value);
  return parsed.success ? parsed.data : null;
}

/** The JSON and the schema number of the release that wrote it: 1 where there is none. Null when it is no JSON. */
function readStored(text: string): { readonly schema: number; readonly value: unknown } | null {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return { schema: 1, value: json };
    const { v = 1, ...value } = json as { readonly v?: unknown };
    return { schema: Number(v), value };
  } catch {
    return null;
  }
}

const MOST_REMEMBERED = 256;

/** The same for texts that come again and again: all callers get the very same value for the same text, so none may change it. */
export function rememberParsed<T>(schema: z.ZodType<T>): (text: string) => T | null {
  const remembered = new Map<string, T | null>();
  return (text) => {
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const parsed = parseStored(schema, text);
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(text, parsed);
    return parsed;
  };
}

/** An epoch ms that lies in Redis as text; 0 for what is none. */
export function readEpochMs(text: string | null | undefined): number {
  const parsed = EpochMs.safeParse(Number(text ?? 0));
  return parsed.success ? parsed.data : 0;
}
