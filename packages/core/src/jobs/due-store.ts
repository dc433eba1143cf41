import type { Redis } from 'ioredis';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { DueKind } from './define-job.ts';

/** What is due, and when. The queue's jobs are only hints to do it now. */
export interface DueLedger {
  /** Due at the time given, or earlier if it already was. */
  schedule(
    kind: DueKind,
    entries: readonly { readonly member: string; readonly atMs: number }[],
  ): Promise<void>;
  /** Hands out what is due, once, until the lease ends. */
  lease(kind: DueKind, nowMs: number, leaseMs: number, limit: number): Promise<readonly string[]>;
  /** Begins work on a member: nobody is told of it again before `untilMs`. */
  begin(kind: DueKind, member: string, untilMs: number): Promise<void>;
  /**
   * Ends it: due again at a time, or never (null). What was scheduled meanwhile is due now instead. `untilMs` is the one
   * given to `begin`.
   */
  settle(
    kind: DueKind,
    member: string,
    untilMs: number,
    nextAtMs: number | null,
    nowMs: number,
  ): Promise<void>;
  /** How many members, and how many are due at `nowMs`. */
  size(kind: DueKind, nowMs: number): Promise<{ readonly all: number; readonly due: number }>;
}

const SCHEDULE_CHUNK = 500;

/** The due indexes: see `DueLedger`. Losing one costs a delay until the target is scanned again, never a command. */
export function createDueLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): DueLedger {
  const { redis, keys, run } = deps;
  return {
    async schedule(kind, entries) {
      for (let i = 0; i < entries.length; i += SCHEDULE_CHUNK) {
        const chunk = entries.slice(i, i + SCHEDULE_CHUNK);
        await run(
          'schedule-due',
          [keys.due(kind)],
          chunk.flatMap(({ atMs, member }) => [Math.floor(atMs), member]),
        );
      }
    },

    async lease(kind, nowMs, leaseMs, limit) {
      return (await run('lease-due', [keys.due(kind)], [nowMs, nowMs + leaseMs, limit])) as string[];
    },

    async begin(kind, member, untilMs) {
      await redis.zadd(keys.due(kind), untilMs, member);
    },

    async settle(kind, member, untilMs, nextAtMs, nowMs) {
      await run(
        'settle-due',
        [keys.due(kind)],
        [member, untilMs, nextAtMs === null ? '' : Math.floor(nextAtMs), Math.floor(nowMs)],
      );
    },

    async size(kind, nowMs) {
      const [all, due] = await Promise.all([
        redis.zcard(keys.due(kind)),
        redis.zcount(keys.due(kind), '-inf', nowMs),
      ]);
      return { all, due };
    },
  };
}
