import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Caps } from '../enrollment/enrollment-store.ts';
import { encodeStored, parseStored, StoredFinding, StoredPause } from '../enrollment/stored-schema.ts';
import type { AccountId } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import { createTroubleFinder } from '../redis/redis-findings.ts';
import type { RunScript } from '../redis/scripts.ts';
import { createBrakeCounts, type EndedHost, type SentHost } from '../rollout/brake-store.ts';
import type { BrakeRule, BrakeWindow } from '../rollout/brake.ts';
import {
  type BlockedCap,
  createPlaces,
  type Place,
  type RepairLimits,
  type RepairRoom,
  type Room,
} from '../rollout/place-store.ts';
import type { FindingKind } from './finding-kinds.ts';
import type { Finding, Pause } from './findings.ts';
import type { ScopeText } from './scope.ts';

/** Pauses, hold, caps, brake, findings, epoch: what may stop a send. */
export interface ControlLedger {
  pauses(): Promise<readonly Pause[]>;
  pause(pause: Pause): Promise<void>;
  /** Whether there was one. */
  resume(scope: ScopeText): Promise<boolean>;
  /** `held` until an operator releases it; `configured` is what a first run starts with. */
  hold(configured: boolean): Promise<'held' | 'released'>;
  releaseHold(): Promise<void>;
  /** How many hosts of a target the caps leave room for. Places are taken with the claim (`WriteTerms.caps`). */
  room(target: Target, caps: Caps): Promise<Room>;
  /**
   * In how many ms a target looks again that waits for all of these (`Room.full`, or another name): each time in a turn of its
   * own, so that however many targets wait, all of them together look once in `apartMs` at most.
   */
  nextTurnMs(
    awaited: readonly string[],
    pace: { readonly atLeastMs: number; readonly apartMs: number },
  ): Promise<number>;
  /** The hosts that count under the caps. */
  places(): Promise<readonly Place[]>;
  /** Hosts of an account that a command was sent to, in this order; one that is counted already stays where it is. */
  countSent(accountId: AccountId, hosts: readonly SentHost[], rule: BrakeRule, nowMs: number): Promise<void>;
  /**
   * How hosts of an account ended; telling it again changes nothing.
   *
   * @returns windows that may be over: those with a new failure, and the newest when too many of it have failed
   */
  countEnded(
    accountId: AccountId,
    ends: readonly EndedHost[],
    rule: BrakeRule,
    nowMs: number,
  ): Promise<readonly BrakeWindow[]>;
  /** The brake was engaged for this window: what failed since it began counts once more after the reset. */
  markBraked(window: Pick<BrakeWindow, 'scope' | 'beganAtMs'>, nowMs: number): Promise<void>;
  /** The brake of a scope begins anew: what was sent before counts no more. Of `all`: that of every account too. */
  resetBrake(scope: ScopeText, nowMs: number): Promise<void>;
  raise(finding: Finding): Promise<void>;
  clear(kind: Finding['kind'], scope: string): Promise<void>;
  /** Which of these kinds stand for the scope. */
  raised<Kind extends FindingKind>(kinds: readonly Kind[], scope: string): Promise<ReadonlySet<Kind>>;
  findings(): Promise<readonly Finding[]>;
  /** How many repairs may begin now, and why not more. */
  repairRoom(settings: RepairLimits): Promise<RepairRoom>;
  /** Caps that leave no room, as far as batches have asked for some. */
  blockedCaps(): Promise<readonly BlockedCap[]>;
  /** Since when markers are signed, epoch ms of Redis: the time of the first call. */
  signedSince(): Promise<number>;
  /** A word for the configuration that was last worked by; null before the first. */
  workedBy(): Promise<string | null>;
  setWorkedBy(word: string): Promise<void>;
  /** The ledger's own epoch with the server's run id: changes with a flush, a rollback or a failover. */
  epoch(): Promise<string>;
  /** The same, without a write: for a reader that must go on while Redis refuses writes. Before the first `epoch` it is another one. */
  readEpoch(): Promise<string>;
  /** When a process first saw this epoch. Everything sent before it is older. */
  epochSeenAt(epoch: string): Promise<number>;
}

/** What may stop a send: pauses, hold, caps, brake, findings, and the epoch. */
export function createControlLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
  readonly prefix: string;
}): ControlLedger {
  const { redis, keys, run } = deps;
  const findTrouble = createTroubleFinder(redis, deps.prefix);
  return {
    async pauses() {
      const fields = await redis.hgetall(keys.pauses);
      // A pause that cannot be parsed still counts: losing its reason is better than losing the kill switch.
      return Object.entries(fields).map(
        ([scope, text]) =>
          (parseStored(StoredPause, text) ?? {
            scope,
            atMs: 0,
            by: 'operator',
            reason: 'unreadable',
          }) as Pause,
      );
    },

    async pause(pause) {
      await redis.hset(keys.pauses, pause.scope, encodeStored(pause));
    },

    resume: async (scope) => (await redis.hdel(keys.pauses, scope)) === 1,

    async hold(configured) {
      if (configured) return (await redis.get(keys.hold)) === 'released' ? 'released' : 'held';
      return 'released';
    },

    async releaseHold() {
      await redis.set(keys.hold, 'released');
    },

    ...createPlaces(deps),

    async signedSince() {
      const [seconds = 0] = await redis.time();
      await redis.set(keys.signedSince, seconds * 1_000, 'NX');
      return Number(await redis.get(keys.signedSince));
    },

    async raise({ quietMs, ...finding }) {
      // The first report's time is kept, so that a finding shows how long it has stood.
      const field = findingId(finding.kind, finding.scope);
      const [before, nowMs] = await Promise.all([redis.hget(keys.findings, field), readTime(redis)]);
      const known = before === null ? null : parseStored(StoredFinding, before);
      const isKnown = known !== null && isStanding(known, nowMs);
      await redis.hset(
        keys.findings,
        field,
        encodeStored({
          ...finding,
          sinceMs: isKnown ? known.sinceMs : finding.sinceMs,
          ...(quietMs === undefined ? {} : { endsAtMs: nowMs + quietMs }),
        }),
      );
    },

    async clear(kind, scope) {
      await redis.hdel(keys.findings, findingId(kind, scope));
    },

    async raised(kinds, scope) {
      const texts = await redis.hmget(keys.findings, ...kinds.map((kind) => findingId(kind, scope)));
      return new Set(kinds.filter((_, index) => texts[index] !== null));
    },

    async findings() {
      const [texts, trouble, nowMs] = await Promise.all([
        redis.hvals(keys.findings),
        findTrouble(),
        readTime(redis),
      ]);
      const stored = texts
        .map((text) => parseStored(StoredFinding, text))
        .filter((one) => one !== null)
        .filter((one) => isStanding(one, nowMs));
      return [...(trouble === null ? [] : [trouble]), ...stored];
    },

    workedBy: () => redis.get(keys.workedBy),

    async setWorkedBy(word) {
      await redis.set(keys.workedBy, word);
    },

    ...createBrakeCounts({ keys, run }),
    ...createEpochs({ redis, keys }),
  };
}

/** Redis's time, epoch ms. */
async function readTime(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

/** @param nowMs Redis's time */
function isStanding({ endsAtMs }: { readonly endsAtMs?: number | undefined }, nowMs: number): boolean {
  return endsAtMs === undefined || nowMs < endsAtMs;
}

function findingId(kind: string, scope: string): string {
  return `${kind}|${scope}`;
}

/** By which history of Redis we go: see `ControlLedger.epoch`. */
function createEpochs(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
}): Pick<ControlLedger, 'epoch' | 'readEpoch' | 'epochSeenAt'> {
  const { redis, keys } = deps;

  async function readEpoch(): Promise<string> {
    // Our own word is lost by a flush, the run id changes with a restart (so with a rollback) and a failover, the
    // replication id with every promotion: also when the old server comes back with its own run id.
    const [word, info, replication] = await Promise.all([
      redis.get(keys.epoch),
      redis.info('server'),
      redis.info('replication'),
    ]);
    const runId = /run_id:([0-9a-f]+)/.exec(info)?.[1] ?? 'unknown';
    const replId = /master_replid:([0-9a-f]+)/.exec(replication)?.[1] ?? 'unknown';
    return `${word ?? 'none'}-${runId.slice(0, 12)}-${replId.slice(0, 12)}`;
  }

  return {
    async epoch() {
      await redis.set(keys.epoch, randomBytes(6).toString('hex'), 'NX');
      return readEpoch();
    },

    readEpoch,

    async epochSeenAt(epoch) {
      const known = await redis.get(keys.epochSeen(epoch));
      if (known !== null) return Number(known);
      const nowMs = await readTime(redis);
      // Kept a day: nothing that was sent before an epoch is under way for longer than minutes.
      await redis.set(keys.epochSeen(epoch), nowMs, 'EX', 86_400, 'NX');
      return Number((await redis.get(keys.epochSeen(epoch))) ?? nowMs);
    },
  };
}
