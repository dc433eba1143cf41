import { z } from 'zod';
import { BatchId, CommandId, InstanceId, MatcherKey, SweepId } from '../organization/ids.ts';
import { type Cause, ForeignWord, StoredCause } from './cause.ts';

/**
 * An instance's path to `joined`.
 *
 * ```
 * discovered ──judged──▶ queued ──claimed──▶ sending ──accepted──▶ installing ──ended──▶ installed ──node-seen──▶ joined
 *      └──judged──▶ ineligible ─┘  ▲                │ refused / not sent   └─ failed ◀── deadline ─┘
 *                                  └────────────────┴── failed, when its next attempt is due
 * joined ──node missing, host runs──▶ lost ──node-seen──▶ joined, or claimed for a repair like a queued one
 * any state without an open command ──scan──▶ stopped · unmatched · gone ──seen again──▶ discovered (or installed, if it had joined)
 * ```
 *
 * `sending` and `installing` hold an open command: nothing a scan sees moves them, only the command's own end does.
 * That is what keeps a second command away.
 */
export type EnrollmentState = EnrollmentRecord['state'];

/** Every state once, so that a new one does not compile until it is listed. */
const STATES: Readonly<Record<EnrollmentState, true>> = {
  discovered: true,
  stopped: true,
  unmatched: true,
  ineligible: true,
  queued: true,
  sending: true,
  installing: true,
  installed: true,
  joined: true,
  lost: true,
  failed: true,
  gone: true,
};

/** All states, for filters, metrics and lists. */
export const ENROLLMENT_STATES = Object.keys(STATES) as [EnrollmentState, ...EnrollmentState[]];

/** States from which a host goes on to joined by itself. */
export const ON_THE_WAY = [
  'discovered',
  'queued',
  'sending',
  'installing',
  'installed',
] as const satisfies readonly EnrollmentState[];

/** What a record says whatever its state. */
export interface EnrollmentBase {
  readonly instanceId: InstanceId;
  /** The matcher that owns the instance. */
  readonly matcherKey: MatcherKey;
  readonly firstSeenAtMs: number;
  /** Since when it is in this state. */
  readonly changedAtMs: number;
  /** EC2's launch time (it moves when an instance is stopped and started); null when unknown. */
  readonly launchedAtMs: number | null;
  /** When the node was first seen in the inventory; null when never. Kept through stops, so that a host that comes back is given time to rejoin. */
  readonly joinedAtMs: number | null;
  /**
   * The selection (`rollout/selection/selection.ts`) that added it to what is selected: while that one waits, nothing is sent to the
   * instance. Absent for one that was selected before.
   */
  readonly addedBy?: string | undefined;
  /** Failed attempts in a row. */
  readonly failures: number;
  /** Set while the inventory misses the node of a host that had joined; until its node is seen again or the host stops. */
  readonly missing?: MissingNode | undefined;
  /** All attempts ever. */
  readonly attemptCount: number;
  /** The last few, oldest first. */
  readonly attempts: readonly Attempt[];
  /** The wave that it belongs to, as a scan last saw; empty when that cannot be told. Absent where no scan by waves has seen it. */
  readonly wave?: string | undefined;
  /** The operating system, as SSM told it when the host was found fit, such as `Amazon Linux`; absent when it did not. */
  readonly platform?: string | undefined;
  /** The ramp of the last retry that it was part of (`rollout/ramp/ramp-cover.ts`); absent without. */
  readonly ramp?: string | undefined;
  /** Tags of EC2 that people are shown (`muster.shown_tags`), as a scan last saw. Untrusted; decides nothing. Absent without. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** Since when complete readings of the inventory do not show the node of a host that had joined. */
export interface MissingNode {
  /** When the first reading began that did not show it. */
  readonly sinceMs: number;
  /** When the last reading began that showed it; null when that is not known. */
  readonly lastSeenAtMs: number | null;
}

/** What a record keeps from the scan that queued it until it has joined or failed. A host at rest keeps nothing of it: it would grow the ledger. */
export interface OnItsWay {
  /** The sweep in which it was queued, by which log lines and traces of its way are found. Absent for one that no scan has queued, such as a retry. */
  readonly sweepId?: string | undefined;
}

export type EnrollmentRecord =
  /** Seen running and matched; not judged yet. Moved on by the same scan's pre-check. */
  | (EnrollmentBase & { readonly state: 'discovered' })
  /** Known, and stopped now. Moved on by the scan that sees it run. */
  | (EnrollmentBase & { readonly state: 'stopped' })
  /** Known, and no matcher wants it now, or its region is no longer in scope; then it is deleted after its retention. */
  | (EnrollmentBase & { readonly state: 'unmatched' })
  /** Cannot be sent to while the cause holds; every scan looks again. */
  | (EnrollmentBase & { readonly state: 'ineligible'; readonly cause: StoredCause })
  /** Waits for an install job to claim it. */
  | (EnrollmentBase & OnItsWay & { readonly state: 'queued'; readonly readyAtMs: number })
  /** Claimed by an intent: a command may be about to exist. */
  | (EnrollmentBase & OnItsWay & { readonly state: 'sending'; readonly batchId: BatchId })
  /** A command is live. */
  | (EnrollmentBase &
      OnItsWay & {
        readonly state: 'installing';
        readonly batchId: BatchId;
        readonly commandId: CommandId;
      })
  /** Installed, or came back after having been joined; must show up in the inventory by the deadline (null: no inventory, this is the end). */
  | (EnrollmentBase & OnItsWay & { readonly state: 'installed'; readonly joinDeadlineMs: number | null })
  /** In the inventory, or missing from it for less than `muster.inventory.lost_after`: then with `missing`. */
  | (EnrollmentBase & { readonly state: 'joined'; readonly nodeId: string })
  /** Had joined, runs, and is missing from complete readings of the inventory. */
  | (EnrollmentBase & {
      readonly state: 'lost';
      readonly cause: StoredCause;
      /** From when a repair may claim it; null while none can: repairs are off, or its SSM agent takes no command. */
      readonly repairAtMs: number | null;
    })
  /** The last attempt failed. Claimed again when due. */
  | (EnrollmentBase & {
      readonly state: 'failed';
      readonly cause: StoredCause;
      readonly nextAttemptAtMs: number;
      /** The SSM agent's version at the first look after the failure: another one wakes it. Absent before that look. */
      readonly agentVersion?: string | undefined;
    })
  /** A complete scan, or a complete account list without its account, no longer shows it. Deleted after its retention. */
  | (EnrollmentBase & { readonly state: 'gone' });

/**
 * A record in a state that only a newer release knows. This release shows it, counts it under its own word and leaves it to
 * that release: it sends nothing to the instance, since such a state may hold a command, and writes the record only for
 * what it learns of the world: a command that was accepted, or the end of the command that the record names.
 */
export interface UnknownRecord extends EnrollmentBase {
  readonly state: 'unknown';
  /** Its state, as the newer release wrote it. */
  readonly storedState: ForeignWord;
  readonly cause?: StoredCause | undefined;
  readonly batchId?: BatchId | undefined;
  readonly commandId?: CommandId | undefined;
}

/** A record as it is read. What is written is always an `EnrollmentRecord`. */
export type StoredRecord = EnrollmentRecord | UnknownRecord;

/** The word of its state, as it lies in the ledger and is shown. */
export function stateOf(record: StoredRecord): string {
  return record.state === 'unknown' ? record.storedState : record.state;
}

/** Why it is not enrolled: of one that is ineligible, lost or has failed, and of one in an unknown state that says so. Else null. */
export function causeOf(record: StoredRecord): StoredCause | null {
  if (record.state === 'ineligible' || record.state === 'lost' || record.state === 'failed') {
    return record.cause;
  }
  return record.state === 'unknown' ? (record.cause ?? null) : null;
}

/** A record that a command of Muster's may be live for. */
export type OpenRecord = Extract<StoredRecord, { state: 'sending' | 'installing' }>;

/** Whether it holds an open command: then only the end of that command moves it. */
export function hasOpenCommand(record: StoredRecord): record is OpenRecord {
  return record.state === 'sending' || record.state === 'installing';
}

/** Whether a send to it would be a repair: its node was there once. */
export function isRepair(record: Pick<EnrollmentBase, 'joinedAtMs'>): boolean {
  return record.joinedAtMs !== null;
}

/** How many attempts a record remembers; the total is counted separately. */
export const ATTEMPTS_KEPT = 4;

/** One command for one instance, as it ended. */
export interface Attempt {
  readonly batchId: BatchId;
  /** Null when SSM refused the command before it had an id. */
  readonly commandId: CommandId | null;
  readonly endedAtMs: number;
  /** Null when it succeeded. */
  readonly cause: StoredCause | null;
  readonly exitCode: number | null;
  /** The tail of its output, untrusted and bounded; only the newest attempt keeps one. */
  readonly output: string;
}

/** How one invocation ended, in our words. */
export type AttemptResult =
  | { readonly kind: 'success'; readonly exitCode: number; readonly output: string }
  | {
      readonly kind: 'failure';
      readonly cause: Cause;
      readonly exitCode: number | null;
      readonly output: string;
    };

/** The history after one more attempt: bounded, and with output for the newest alone, so that a record stays under 1 KB. */
export function recordAttempt(
  history: { readonly attempts: readonly Attempt[]; readonly attemptCount: number },
  sent: { readonly batchId: BatchId; readonly commandId: CommandId | null },
  result: AttemptResult,
  nowMs: number,
): { readonly attempts: readonly Attempt[]; readonly attemptCount: number } {
  const newest: Attempt = {
    ...sent,
    endedAtMs: nowMs,
    cause: result.kind === 'failure' ? result.cause : null,
    exitCode: result.exitCode,
    output: result.kind === 'failure' ? result.output : '',
  };
  const older = history.attempts.slice(1 - ATTEMPTS_KEPT).map((attempt) => ({ ...attempt, output: '' }));
  return { attempts: [...older, newest], attemptCount: history.attemptCount + 1 };
}

/** What JavaScript can show as a date: what another client wrote may be any number, and one record must not stop a list. */
export const EpochMs = z.number().min(-8.64e15).max(8.64e15);

/**
 * Records are parsed when they are read from Redis: an older or a newer release, another tool or a broken copy may have
 * written them. Fields that this release does not know are kept and written back.
 */
const StoredAttempt = z.looseObject({
  batchId: BatchId,
  commandId: CommandId.nullable(),
  endedAtMs: EpochMs,
  cause: StoredCause.nullable(),
  exitCode: z.number().nullable(),
  output: z.string(),
});

const storedBase = {
  instanceId: InstanceId,
  matcherKey: MatcherKey,
  firstSeenAtMs: EpochMs,
  changedAtMs: EpochMs,
  launchedAtMs: EpochMs.nullable(),
  joinedAtMs: EpochMs.nullable(),
  addedBy: z.string().optional(),
  failures: z.number(),
  attemptCount: z.number(),
  attempts: z.array(StoredAttempt),
  missing: z.looseObject({ sinceMs: EpochMs, lastSeenAtMs: EpochMs.nullable() }).optional(),
  // What no wave of this release is called decides nothing: the next scan writes it anew.
  wave: z.string().optional().catch(undefined),
  platform: z.string().optional(),
  ramp: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional().catch(undefined),
};

// It decides nothing: what is no sweep's id is left out.
const storedWay = { sweepId: SweepId.optional().catch(undefined) };

/** A record of this release as it lies in Redis. */
export const KnownRecord: z.ZodType<EnrollmentRecord> = z.discriminatedUnion('state', [
  z.looseObject({ ...storedBase, state: z.literal('discovered') }),
  z.looseObject({ ...storedBase, state: z.literal('stopped') }),
  z.looseObject({ ...storedBase, state: z.literal('unmatched') }),
  z.looseObject({ ...storedBase, state: z.literal('ineligible'), cause: StoredCause }),
  z.looseObject({ ...storedBase, ...storedWay, state: z.literal('queued'), readyAtMs: EpochMs }),
  z.looseObject({ ...storedBase, ...storedWay, state: z.literal('sending'), batchId: BatchId }),
  z.looseObject({
    ...storedBase,
    ...storedWay,
    state: z.literal('installing'),
    batchId: BatchId,
    commandId: CommandId,
  }),
  z.looseObject({
    ...storedBase,
    ...storedWay,
    state: z.literal('installed'),
    joinDeadlineMs: EpochMs.nullable(),
  }),
  z.looseObject({ ...storedBase, state: z.literal('joined'), nodeId: z.string() }),
  z.looseObject({
    ...storedBase,
    state: z.literal('lost'),
    cause: StoredCause,
    repairAtMs: EpochMs.nullable(),
  }),
  z.looseObject({
    ...storedBase,
    state: z.literal('failed'),
    cause: StoredCause,
    nextAttemptAtMs: EpochMs,
    agentVersion: z.string().optional(),
  }),
  z.looseObject({ ...storedBase, state: z.literal('gone') }),
]);

/** What all releases' records share. */
export const AnyRecord = z.looseObject({
  ...storedBase,
  state: ForeignWord,
  cause: StoredCause.optional().catch(undefined),
  batchId: BatchId.optional().catch(undefined),
  commandId: CommandId.optional().catch(undefined),
});
