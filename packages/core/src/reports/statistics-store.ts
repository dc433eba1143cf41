import type { Redis } from 'ioredis';
import type { Keys } from '../redis/keys.ts';
import type { AwsCall } from '../organization/aws-actions.ts';

/** Counters over the life of the ledger: for people, never for decisions. */
export function createStatisticsLedger(deps: { readonly redis: Redis; readonly keys: Keys }) {
  const { redis, keys } = deps;
  return {
    async addCalls(calls: readonly Pick<AwsCall, 'action' | 'outcome'>[]): Promise<void> {
      const sums = new Map<string, number>();
      for (const { action, outcome } of calls) {
        const field = `${outcome}|${action}`;
        sums.set(field, (sums.get(field) ?? 0) + 1);
      }
      const pipeline = redis.pipeline();
      for (const [field, count] of sums) pipeline.hincrby(keys.awsCalls, field, count);
      await pipeline.exec();
    },

    async addCommandsSent(count: number): Promise<void> {
      // It counts for people: what another client has put in its place must not fail the work that is counted.
      await redis
        .hincrby(keys.totals, 'commandsSent', count)
        .catch(() => redis.hset(keys.totals, 'commandsSent', count).catch(() => 0));
    },

    async read(): Promise<{
      readonly calls: ReadonlyMap<string, number>;
      readonly throttled: ReadonlyMap<string, number>;
      readonly commandsSent: number;
      /** Hosts that became joined, repairs included. */
      readonly joined: number;
    }> {
      const [fields, [sent, joined]] = await Promise.all([
        redis.hgetall(keys.awsCalls),
        redis.hmget(keys.totals, 'commandsSent', 'joined'),
      ]);
      const calls = new Map<string, number>();
      const throttled = new Map<string, number>();
      for (const [field, count] of Object.entries(fields)) {
        const [outcome = '', action = ''] = field.split('|');
        calls.set(action, (calls.get(action) ?? 0) + Number(count));
        if (outcome === 'throttled') throttled.set(action, Number(count));
      }
      return { calls, throttled, commandsSent: Number(sent ?? 0), joined: Number(joined ?? 0) };
    },
  };
}

export type StatisticsLedger = ReturnType<typeof createStatisticsLedger>;
