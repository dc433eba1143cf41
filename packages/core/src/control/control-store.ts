import type { Redis } from 'ioredis';
import { encodeStored, parseStored, StoredFinding, StoredPause } from '../enrollment/stored-schema.ts';
import type { Keys } from '../redis/keys.ts';
import { redisTime } from '../redis/redis-time.ts';
import { createTroubleFinder } from '../redis/redis-findings.ts';
import type { FindingKind } from './finding-kinds.ts';
import type { Finding, Pause } from './findings.ts';
import type { ScopeText } from './scope.ts';

/** What an operator must know and can order: pauses, the hold, findings. */
export interface ControlLedger {
  pauses(): Promise<readonly Pause[]>;
  pause(pause: Pause): Promise<void>;
  /** Whether there was one. */
  resume(scope: ScopeText): Promise<boolean>;
  /** `held` until an operator releases it; `configured` is what a first run starts with. */
  hold(configured: boolean): Promise<'held' | 'released'>;
  releaseHold(): Promise<void>;
  raise(finding: Finding): Promise<void>;
  clear(kind: Finding['kind'], scope: string): Promise<void>;
  /** Which of these kinds stand for the scope. */
  raised<Kind extends FindingKind>(kinds: readonly Kind[], scope: string): Promise<ReadonlySet<Kind>>;
  findings(): Promise<readonly Finding[]>;
  /** Since when markers are signed, epoch ms of Redis: the time of the first call. */
  signedSince(): Promise<number>;
  /** What was kept of the configuration that was last worked by, as text; null before the first. */
  workedBy(): Promise<string | null>;
  setWorkedBy(text: string): Promise<void>;
}

/** See `ControlLedger`. */
export function createControlLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly prefix: string;
}): ControlLedger {
  const { redis, keys } = deps;
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

    async signedSince() {
      const [seconds = 0] = await redis.time();
      await redis.set(keys.signedSince, seconds * 1_000, 'NX');
      return Number(await redis.get(keys.signedSince));
    },

    async raise({ quietMs, ...finding }) {
      // The first report's time is kept, so that a finding shows how long it has stood.
      const field = findingId(finding.kind, finding.scope);
      const [before, nowMs] = await Promise.all([redis.hget(keys.findings, field), redisTime(redis)]);
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
        redisTime(redis),
      ]);
      const stored = texts
        .map((text) => parseStored(StoredFinding, text))
        .filter((one) => one !== null)
        .filter((one) => isStanding(one, nowMs));
      return [...(trouble === null ? [] : [trouble]), ...stored];
    },

    workedBy: () => redis.get(keys.workedBy),

    async setWorkedBy(text) {
      await redis.set(keys.workedBy, text);
    },
  };
}

/** @param nowMs Redis's time */
function isStanding({ endsAtMs }: { readonly endsAtMs?: number | undefined }, nowMs: number): boolean {
  return endsAtMs === undefined || nowMs < endsAtMs;
}

function findingId(kind: string, scope: string): string {
  return `${kind}|${scope}`;
}
