import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { ClockReading, ProcessClock } from './process-clock.ts';
import type { Keys } from '../redis/keys.ts';
import { redisTime } from '../redis/redis-time.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { Release } from '../runtime/release.ts';
import { encodeStored, parseStored } from '../enrollment/stored-schema.ts';

type MachineTime = Pick<Clock, 'machineNow' | 'monotonicMs'>;

/** Redis's clock, and how the clocks of all processes stand to it. */
export interface ClockLedger {
  /** Compares a clock with Redis's: of several questions, the one that was answered fastest. `redisNowMs` is of that moment. */
  compare(clock: MachineTime): Promise<ClockReading & { readonly redisNowMs: number }>;
  /** Redis's time (epoch ms). */
  now(): Promise<number>;
  /** Tells the others how this process's clock stands. */
  tell(clock: ProcessClock): Promise<void>;
  /** Takes back what a process has told, at its end. */
  leave(name: string): Promise<void>;
  /** What each process runs that has told its clock; null of one too old to say. Takes nothing away, so it answers while Redis refuses writes. */
  releases(): Promise<readonly (Release | null)[]>;
  /** What every process has last told; those that have been silent for long may be among them. */
  all(): Promise<{
    readonly clocks: readonly ProcessClock[];
    /** Redis's time (epoch ms). */
    readonly redisNowMs: number;
    /** `host:port` of Redis, as this process reaches it. */
    readonly redisPlace: string;
  }>;
}

const StoredClock: z.ZodType<ProcessClock> = z.object({
  name: z.string(),
  part: z.enum(['scheduler', 'worker']),
  offsetMs: z.number(),
  roundTripMs: z.number(),
  readAtMs: z.number(),
  offSinceMs: z.number().nullable(),
  startedAtMs: z.number().optional(),
  runs: z
    .object({
      release: z.string(),
      commit: z.string().nullable(),
      schema: z.number(),
      readableFrom: z.number(),
      node: z.string(),
    })
    .optional(),
  load: z.object({ cpuShare: z.number(), memoryBytes: z.number() }).optional(),
});

/** Questions per comparison: a busy moment of ours or of Redis's delays some, seldom all. */
const QUESTIONS = 3;
/** What a process told this long ago is taken away by the next that looks: it did not take its leave. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;

/** Redis's `TIME`, and a hash of what each process found when it compared its clock with it. */
export function createClockLedger(deps: { readonly redis: Redis; readonly keys: Keys }): ClockLedger {
  const { redis, keys } = deps;

  async function compareOnce(clock: MachineTime): Promise<ClockReading & { readonly redisNowMs: number }> {
    const [askedAtMs, machineMs] = [clock.monotonicMs(), clock.machineNow()];
    const redisNowMs = await redisTime(redis);
    const roundTripMs = clock.monotonicMs() - askedAtMs;
    return { offsetMs: Math.round(machineMs + roundTripMs / 2 - redisNowMs), roundTripMs, redisNowMs };
  }

  return {
    async compare(clock) {
      let best = await compareOnce(clock);
      for (let asked = 1; asked < QUESTIONS; asked += 1) {
        const next = await compareOnce(clock);
        if (next.roundTripMs <= best.roundTripMs) best = next;
      }
      return best;
    },

    now: () => redisTime(redis),

    async tell(clock) {
      await redis.hset(keys.clocks, clock.name, encodeStored(clock));
    },

    async leave(name) {
      await redis.hdel(keys.clocks, name);
    },

    async releases() {
      const texts = await redis.hvals(keys.clocks);
      return texts.map((text) => parseStored(StoredClock, text)?.runs ?? null);
    },

    async all() {
      const [fields, redisNowMs] = await Promise.all([redis.hgetall(keys.clocks), redisTime(redis)]);
      const entries = Object.entries(fields).map(
        ([name, text]) => [name, parseStored(StoredClock, text)] as const,
      );
      const old = entries
        .filter(([, clock]) => clock === null || redisNowMs - clock.readAtMs > FORGOTTEN_AFTER_MS)
        .map(([name]) => name);
      if (old.length > 0) await redis.hdel(keys.clocks, ...old);
      const clocks = entries.map(([, clock]) => clock).filter((clock) => clock !== null);
      const { host = '127.0.0.1', port = 6379 } = redis.options;
      return { clocks, redisNowMs, redisPlace: `${host}:${port}` };
    },
  };
}
