import type { Redis } from 'ioredis';
import { z } from 'zod';
import { EXAMPLES_KEPT, type SetAside } from './set-aside.ts';
import { readTargetId, targetId, type Target } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import { encodeStored, parseStored } from './stored-schema.ts';

/** What could not be read, was set aside, and is not made anew yet. */
export interface SetAsideLedger {
  /** Adds records of a target, by their ids. */
  note(target: Target, ids: readonly string[], nowMs: number): Promise<void>;
  all(): Promise<readonly SetAside[]>;
  forget(targets: readonly Target[]): Promise<void>;
}

const StoredSetAside = z.looseObject({
  records: z.int(),
  examples: z.array(z.string()),
  atMs: z.number(),
});

/** What was set aside, by target. What cannot be read of it in its turn is left out. */
export function createSetAsideLedger({ redis, keys }: { redis: Redis; keys: Keys }): SetAsideLedger {
  async function read(id: string): Promise<z.infer<typeof StoredSetAside> | null> {
    const text = await redis.hget(keys.setAside, id);
    return text === null ? null : parseStored(StoredSetAside, text);
  }

  return {
    async note(target, ids, nowMs) {
      const id = targetId(target);
      const before = await read(id);
      const noted = {
        records: (before?.records ?? 0) + ids.length,
        examples: [...ids, ...(before?.examples ?? [])].slice(0, EXAMPLES_KEPT),
        atMs: nowMs,
      };
      await redis.hset(keys.setAside, id, encodeStored(noted));
    },

    async all() {
      const fields = Object.entries(await redis.hgetall(keys.setAside));
      return fields.flatMap(([id, text]): SetAside[] => {
        const [target, stored] = [readTargetId(id), parseStored(StoredSetAside, text)];
        return target === null || stored === null ? [] : [{ target, ...stored }];
      });
    },

    async forget(targets) {
      if (targets.length > 0) await redis.hdel(keys.setAside, ...targets.map(targetId));
    },
  };
}
