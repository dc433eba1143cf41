import { randomInt } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type InstanceId, BatchId } from '../organization/ids.ts';
import type { Intent } from '../install/intent.ts';
import { type OutputClusters, outputKeys } from '../install/output-store.ts';
import type { MacKey } from '../install/mac.ts';
import { readTargetId, targetId, type Target } from '../organization/target.ts';
import type { EnrollmentRecord } from './record.ts';
import type { Logger } from '../runtime/logger-port.ts';
import type { Keys } from '../redis/keys.ts';
import { createBystanders } from '../scan/bystander-store.ts';
import { LEDGER_SCHEMA } from '../control/installation.ts';
import { CHANGES_KEPT } from './change-store.ts';
import { createCandidateIndex, createCountIndex } from './count-store.ts';
import { createListings, type TargetListing } from '../install/listing-store.ts';
import { decodeIntent, decodeRecord, encodeIntent, encodeSealed } from './record-codec.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { SealedRecord, SealState, TargetRecords } from './seal.ts';

/** A value with the version it was read at. */
export interface Versioned<T> {
  readonly version: number;
  readonly value: T;
}

/** One record to write: only if the stored version is still `expected` (0: there is none). A null value deletes. */
export interface RecordChange {
  readonly instanceId: InstanceId;
  readonly expected: number;
  readonly value: EnrollmentRecord | null;
  /** How the record is sealed that this one comes from: one that was not good does not become good by a change. @default good */
  readonly sealState?: SealState;
  /** Of a claimed host: the ramps in which it needs a slot. @default none */
  readonly ramps?: readonly string[];
}

export interface IntentChange {
  readonly batchId: BatchId;
  readonly expected: number;
  readonly value: Intent | null;
  /** When its batch is looked at, epoch ms, or earlier where that is due already. @default of a new one: now; of another: as it stands */
  readonly lookAtMs?: number;
}

/** Caps on places: on hosts from their claim until they have joined or failed. */
export interface Caps {
  readonly all: number;
  readonly account: number;
  readonly target: number;
  /** Of repairs, over all accounts: the claimed hosts have joined before. Absent: they have not. */
  readonly repair?: number;
  /** With `repair`: how many of them may begin within an hour. */
  readonly repairRate?: { readonly perHour: number; readonly hourMs: number };
  /** Of the wave to which all claimed hosts belong, over all accounts: hosts in flight, by their states. Absent: there is none. */
  readonly wave?: { readonly name: string; readonly inFlight: number };
}

export interface WriteTerms {
  /** No install is due by this write before that time, epoch ms. `OF_INSTALL_JOB`: the caller says at its end when the next is due. @default now */
  readonly notBeforeMs?: number;
  /** Records that go to `sending` take places under these caps. Without them a new intent's command was found in AWS, and counts for its account and target alone. */
  readonly caps?: Caps;
  /** With whose failed outputs those are alike that these records failed with. @default of none */
  readonly outputs?: OutputClusters;
}

/** Terms of what the install job itself writes. */
export const OF_INSTALL_JOB: WriteTerms = { notBeforeMs: Number.POSITIVE_INFINITY };

/** `full`: the caps leave no room for the claimed hosts; `ramp`: a ramp has no slots for them. Nothing was written. */
export type WriteResult = 'written' | 'stale' | 'full' | 'ramp';

/** Enrollment records and intents, per target. All methods throw `ledger.unavailable` when Redis does not answer. */
export interface EnrollmentLedger
  extends ReturnType<typeof createCountIndex>,
    ReturnType<typeof createBystanders> {
  /** All records of a target. A record that cannot be parsed is left out and logged; `onUnreadable` tells of it. */
  readAll(target: Target, onUnreadable?: () => void): Promise<TargetRecords>;
  /**
   * Sets aside records and intents that cannot be parsed, so that new ones can take their places. The target's own
   * commands are looked through anew before the next send: what was set aside may have had one.
   *
   * @returns ids of what was set aside
   */
  setAsideUnreadable(target: Target): Promise<readonly string[]>;
  read(target: Target, ids: readonly InstanceId[]): Promise<TargetRecords>;
  /** Ids that may be claimed now, the longest waiting first. What is no instance id is left out; `onForeign` tells of it. */
  candidates(
    target: Target,
    nowMs: number,
    limit: number,
    onForeign?: (id: string) => void,
  ): Promise<readonly InstanceId[]>;
  /** Makes the index of candidates agree with the records. @returns those of `ids` that were listed otherwise than their records say */
  repairCandidates(target: Target, ids: readonly string[]): Promise<readonly string[]>;
  /** When the next candidate may be claimed; null when there is none. @param afterMs only one that may not be before, epoch ms */
  nextCandidateAt(target: Target, afterMs?: number): Promise<number | null>;
  /** Ids that must show up in the inventory, with their deadlines. */
  awaitingJoin(
    target: Target,
  ): Promise<readonly { readonly instanceId: InstanceId; readonly deadlineMs: number }[]>;
  intents(target: Target): Promise<readonly Versioned<Intent>[]>;
  intent(target: Target, batchId: BatchId): Promise<Versioned<Intent> | null>;
  /** The batches whose commands are followed, over all targets. */
  openBatches(): Promise<readonly { readonly target: Target; readonly batchId: BatchId }[]>;
  /**
   * Commits one decision: writes what is still at the expected version, and all that follows from it (commit-target.lua). One
   * result per change, records first; `all`: one stale makes every one stale. Without changes it only sees to it that what the
   * target waits for is due.
   */
  write(
    target: Target,
    mode: 'each' | 'all',
    records: readonly RecordChange[],
    intents: readonly IntentChange[],
    terms?: WriteTerms,
  ): Promise<readonly WriteResult[]>;
  /** When the target's own commands were last listed; null when never. */
  lastListing(target: Target): Promise<TargetListing | null>;
  /** They were listed under this epoch. Nothing happens, and false, when `before` no longer stands: they must be listed again. */
  noteListing(target: Target, before: TargetListing | null, epoch: string): Promise<boolean>;
  /** They must be listed again: the ledger of this target is not trusted since `nowMs`. */
  distrust(target: Target, nowMs: number): Promise<void>;
}

/**
 * A record's version is a random number, not a count: after a rollback or a flush another history would count to the same
 * number, and a worker that stalled through it would take its stale decision for a fresh one.
 */
const MAX_VERSION = 2 ** 47;
/** Records per script call: a call holds Redis for well under a millisecond at this size. */
const WRITE_CHUNK = 200;
/** Kept so that an operator can find out what happened to it. */
const UNREADABLE_KEPT_SECONDS = 30 * 86_400;

export interface EnrollmentDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
  readonly log: Logger;
  /** Keys that seal records; none without. */
  readonly markerKeys: () => readonly MacKey[];
}

export function createEnrollmentLedger({
  redis,
  keys,
  run,
  log,
  markerKeys,
}: EnrollmentDeps): EnrollmentLedger {
  function parse(target: Target, id: string, text: string): SealedRecord | null {
    const record = decodeRecordOf(id, text);
    if (record === null) {
      log.error({ target: targetId(target), instanceId: id }, 'ledger record cannot be read');
    }
    return record;
  }

  async function write(
    target: Target,
    mode: 'each' | 'all',
    records: readonly RecordChange[],
    intents: readonly IntentChange[],
    { notBeforeMs, caps, outputs }: WriteTerms = {},
  ): Promise<readonly WriteResult[]> {
    const reply = await run('commit-target', commitKeys(keys, target), [
      mode,
      randomInt(1, MAX_VERSION),
      targetId(target),
      target.accountId,
      notBeforeMs === undefined ? '' : notBeforeMs === Number.POSITIVE_INFINITY ? 'inf' : notBeforeMs,
      ...capArguments(caps),
      CHANGES_KEPT,
      LEDGER_SCHEMA,
      records.length,
      ...records.flatMap((change) => recordArguments(target, change, markerKeys())),
      intents.length,
      ...intents.flatMap(intentArguments),
      outputs?.size ?? 0,
      ...[...(outputs ?? [])].flat(),
      caps?.wave?.name ?? '',
      caps?.wave?.inFlight ?? '',
    ]);
    return reply as WriteResult[];
  }

  return {
    async readAll(target, onUnreadable) {
      const fields = await redis.hgetall(keys.target(target).instances);
      const found = new Map<InstanceId, SealedRecord>();
      for (const [id, text] of Object.entries(fields)) {
        const record = parse(target, id, text);
        if (record === null) onUnreadable?.();
        else found.set(id as InstanceId, record);
      }
      return found;
    },

    async setAsideUnreadable(target) {
      const names = keys.target(target);
      const [records, intents] = await Promise.all([
        redis.hgetall(names.instances),
        redis.hgetall(names.intents),
      ]);
      const broken = [
        ...Object.entries(records)
          .filter(([id, text]) => decodeRecordOf(id, text) === null)
          .map(([id, text]) => ['record', id, text]),
        ...Object.entries(intents)
          .filter(([id, text]) => decodeIntentOf(id, text) === null)
          .map(([id, text]) => ['intent', id, text]),
      ];
      if (broken.length === 0) return [];
      await run(
        'set-aside',
        [
          names.instances,
          names.counts,
          names.candidates,
          names.verify,
          names.intents,
          names.epoch,
          names.unreadable,
          names.summary,
          keys.counts,
          keys.countIndex,
          keys.instanceTargets,
          keys.due('install'),
          keys.due('collect'),
          keys.places,
          ...outputKeys(keys),
          keys.changes,
        ],
        [targetId(target), UNREADABLE_KEPT_SECONDS, CHANGES_KEPT, LEDGER_SCHEMA, ...broken.flat()],
      );
      return broken.map(([, id]) => id ?? '');
    },

    async read(target, ids) {
      const found = new Map<InstanceId, SealedRecord>();
      if (ids.length === 0) return found;
      const texts = await redis.hmget(keys.target(target).instances, ...ids);
      for (const [index, id] of ids.entries()) {
        const text = texts[index];
        const record = text === null || text === undefined ? null : parse(target, id, text);
        if (record !== null) found.set(id, record);
      }
      return found;
    },

    ...createCandidateIndex({ redis, keys, run }),

    async awaitingJoin(target) {
      const flat = await redis.zrange(keys.target(target).verify, 0, '-1', 'WITHSCORES');
      const waiting: { instanceId: InstanceId; deadlineMs: number }[] = [];
      for (let i = 0; i + 1 < flat.length; i += 2) {
        waiting.push({ instanceId: flat[i] as InstanceId, deadlineMs: Number(flat[i + 1]) });
      }
      return waiting;
    },

    async intents(target) {
      const fields = await redis.hgetall(keys.target(target).intents);
      return Object.entries(fields)
        .map(([id, text]) => decodeIntentOf(id, text))
        .filter((intent) => intent !== null);
    },

    async intent(target, batchId) {
      const text = await redis.hget(keys.target(target).intents, batchId);
      return text === null ? null : decodeIntentOf(batchId, text);
    },

    async openBatches() {
      const members = await redis.zrange(keys.due('collect'), 0, '-1');
      return members.flatMap((member) => {
        const [id = '', batch] = member.split('/');
        const target = readTargetId(id);
        const batchId = BatchId.safeParse(batch);
        return target === null || !batchId.success ? [] : [{ target, batchId: batchId.data }];
      });
    },

    async write(target, mode, records, intents, terms) {
      if (mode === 'all' || records.length <= WRITE_CHUNK) {
        return write(target, mode, records, intents, terms);
      }
      const results: WriteResult[] = [];
      for (let i = 0; i < records.length; i += WRITE_CHUNK) {
        results.push(...(await write(target, mode, records.slice(i, i + WRITE_CHUNK), [], terms)));
      }
      if (intents.length > 0) results.push(...(await write(target, mode, [], intents, terms)));
      return results;
    },

    ...createCountIndex({ redis, keys, run }),
    ...createBystanders({ redis, keys, run }),
    ...createListings({ redis, keys, run }),
  };
}

/** Every key that commit-target.lua touches, in its order. */
function commitKeys(keys: Keys, target: Target): readonly string[] {
  const names = keys.target(target);
  return [
    names.instances,
    names.counts,
    names.candidates,
    names.verify,
    names.intents,
    names.summary,
    keys.counts,
    keys.countIndex,
    keys.instanceTargets,
    keys.populated,
    keys.due('install'),
    keys.due('verify'),
    keys.due('collect'),
    keys.places,
    keys.changes,
    keys.inFlight,
    keys.repairRate,
    ...outputKeys(keys),
    keys.ramps,
  ];
}

/** Null also for a record that says it is another instance's than the one it lies under. */
function decodeRecordOf(id: string, text: string): SealedRecord | null {
  const record = decodeRecord(text);
  return record?.value.instanceId === id ? record : null;
}

/** Whatever it says itself, it is the intent of the batch that it lies under. */
function decodeIntentOf(id: string, text: string): Versioned<Intent> | null {
  const batchId = BatchId.safeParse(id);
  const intent = decodeIntent(text);
  return batchId.success && intent !== null
    ? { ...intent, value: { ...intent.value, batchId: batchId.data } }
    : null;
}

/** Id, expected version, text and ramps of one record, as commit-target.lua takes them. */
function recordArguments(
  target: Target,
  { instanceId, expected, value, sealState, ramps = [] }: RecordChange,
  keys: readonly MacKey[],
): readonly (string | number)[] {
  if (value === null) return [instanceId, expected, '', ''];
  const version = randomInt(1, MAX_VERSION);
  const text = encodeSealed(version, value, { target, keys, state: sealState });
  return [instanceId, expected, text, ramps.join(',')];
}

function intentArguments({ batchId, expected, value, lookAtMs }: IntentChange): readonly (string | number)[] {
  if (value === null) return [batchId, expected, '', ''];
  return [batchId, expected, encodeIntent(expected + 1, value), lookAtMs ?? ''];
}

function capArguments(caps: Caps | undefined): readonly (string | number)[] {
  if (caps === undefined) return ['', '', '', ''];
  const { all, account, target, repair = '', repairRate } = caps;
  const rate = repairRate === undefined ? '' : `|${repairRate.perHour}|${repairRate.hourMs}`;
  return [all, account, target, `${repair}${rate}`];
}
