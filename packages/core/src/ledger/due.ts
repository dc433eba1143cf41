import type { Redis } from 'ioredis';
import type { DueLedger } from '../ports/ledger.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from './scripts.ts';

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
