import { z } from 'zod';
import { Cause } from './cause.ts';
import type { EnrollmentRecord } from './record.ts';
import { BatchId, CommandId, InstanceId, MatcherKey, Region } from '../organization/ids.ts';
import type { Intent } from '../install/intent.ts';
import { ReportAccount } from '../reports/report-account.ts';

/** What JavaScript can show as a date: what another hand wrote may be any number, and one record must not stop a list. */
const EpochMs = z.number().min(-8.64e15).max(8.64e15);

/**
 * What we wrote is parsed when it is read: an older release, another tool or a broken copy may have written it. A
 * record that does not parse is set aside by the reader, never guessed at.
 */
const Attempt = z.strictObject({
  batchId: BatchId,
  commandId: CommandId.nullable(),
  endedAtMs: EpochMs,
  cause: Cause.nullable(),
  exitCode: z.number().nullable(),
  output: z.string(),
});

const base = {
  instanceId: InstanceId,
  matcherKey: MatcherKey,
  firstSeenAtMs: EpochMs,
  changedAtMs: EpochMs,
  launchedAtMs: EpochMs.nullable(),
  joinedAtMs: EpochMs.nullable(),
  failures: z.number(),
  attemptCount: z.number(),
  attempts: z.array(Attempt),
};

export const StoredRecord: z.ZodType<EnrollmentRecord> = z.discriminatedUnion('state', [
  z.strictObject({ ...base, state: z.literal('discovered') }),
  z.strictObject({ ...base, state: z.literal('stopped') }),
  z.strictObject({ ...base, state: z.literal('unmatched') }),
  z.strictObject({ ...base, state: z.literal('ineligible'), cause: Cause }),
  z.strictObject({ ...base, state: z.literal('queued'), readyAtMs: EpochMs }),
  z.strictObject({ ...base, state: z.literal('sending'), batchId: BatchId }),
  z.strictObject({ ...base, state: z.literal('installing'), batchId: BatchId, commandId: CommandId }),
  z.strictObject({ ...base, state: z.literal('installed'), joinDeadlineMs: EpochMs.nullable() }),
  z.strictObject({ ...base, state: z.literal('joined'), nodeId: z.string() }),
  z.strictObject({
    ...base,
    state: z.literal('failed'),
    cause: Cause,
    nextAttemptAtMs: EpochMs,
    agentVersion: z.string().optional(),
  }),
  z.strictObject({ ...base, state: z.literal('gone') }),
]);

export const StoredIntent: z.ZodType<Intent> = z.strictObject({
  batchId: BatchId,
  matcherKey: MatcherKey,
  documentName: z.string(),
  instanceIds: z.array(InstanceId),
  intentAtMs: EpochMs,
  notAfterMs: EpochMs,
  epoch: z.string(),
  command: z.strictObject({ commandId: CommandId, expiresAtMs: EpochMs }).nullable(),
  polls: z.number(),
  keyId: z.string().optional(),
  seal: z.string().optional(),
});

export const StoredCoverage = z.strictObject({
  status: z.enum(['complete', 'partial', 'denied', 'regionOff', 'throttled', 'failed', 'pending']),
  attemptedAtMs: EpochMs,
  completeAtMs: EpochMs.nullable(),
  cause: Cause.nullable(),
  detail: z.string(),
  failures: z.number(),
  failingSinceMs: EpochMs.optional(),
});

/** What a later release adds is left out, not a reason to know the account no more. */
export const StoredAccount = ReportAccount;

export const StoredRegions = z.array(Region);

export const StoredPause = z.strictObject({
  scope: z.string(),
  atMs: EpochMs,
  by: z.enum(['operator', 'brake']),
  reason: z.string(),
});

export const StoredFinding = z.strictObject({
  kind: z.enum([
    'hold-first-send',
    'redis-without-password',
    'redis-not-durable',
    'redis-refuses-writes',
    'redis-unsafe',
    'paused-by-configuration',
    'brake-engaged',
    'config-skew',
    'inventory-unavailable',
    'inventory-drop',
    'ledger-epoch-changed',
    'two-live-commands',
    'account-list-failed',
    'command-not-canceled',
    'ledger-unreadable',
    'send-refused',
    'labels-denied',
    'labels-failed',
    'node-labels-wrong',
    'nodes-contradict',
    'nodes-unreadable',
    'config-invalid',
    'config-restart-needed',
    'account-tags-denied',
    'marker-key-missing',
    'foreign-markers',
    'cap-blocked',
    'ledger-untrusted',
    'accounts-unproven',
    'organization-mismatch',
  ]),
  scope: z.string(),
  sinceMs: EpochMs,
  message: z.string(),
  remedy: z.string(),
});

/** Parses JSON by a schema; null for anything that is not what we write. */
export function parseStored<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

const MOST_REMEMBERED = 256;

/** The same for texts that come again and again: the very same value is handed out for the same text, so nobody may change it. */
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
