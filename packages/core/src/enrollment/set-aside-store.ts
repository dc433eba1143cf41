import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Finding } from '../control/findings.ts';
import { readTargetId, type Target, targetId } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import { encodeStored, parseStored } from './stored-schema.ts';

/** What could not be read, was set aside, and is not made anew yet. */
export interface SetAsideLedger {
  /** Adds records of a target, by their ids. */
  note(target: Target, ids: readonly string[], nowMs: number): Promise<void>;
  all(): Promise<readonly SetAside[]>;
  drop(targets: readonly Target[]): Promise<void>;
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

    async drop(targets) {
      if (targets.length > 0) await redis.hdel(keys.setAside, ...targets.map(targetId));
    },
  };
}

/** What could not be read of a target's records and was set aside, until the target was read completely again. */
export interface SetAside {
  readonly target: Target;
  readonly records: number;
  /** Ids of a few of them. */
  readonly examples: readonly string[];
  /** Of the last. */
  readonly atMs: number;
}

/** Ids kept of one target. */
const EXAMPLES_KEPT = 3;
/** Targets named in the finding. */
const TARGETS_SHOWN = 5;

/** One finding for all that was set aside: how much, in how many targets, and some of it. */
export function findingOfSetAside(all: readonly SetAside[], nowMs: number): Finding {
  const records = all.reduce((sum, one) => sum + one.records, 0);
  const shown = all
    .slice(0, TARGETS_SHOWN)
    .map(({ target, examples }) => `${examples.join(', ')} of ${targetId(target)}`);
  const more = all.length > TARGETS_SHOWN ? ` and ${all.length - TARGETS_SHOWN} more targets` : '';
  return {
    kind: 'ledger-unreadable',
    scope: 'all',
    sinceMs: nowMs,
    message: `${records} ${records === 1 ? 'record' : 'records'} of ${all.length} ${all.length === 1 ? 'target' : 'targets'} in Redis could not be read, and were set aside: ${shown.join('; ')}${more}. They are made anew when their targets are read; their back-off and history are lost.`,
    remedy:
      'Find out what else writes to this Redis: another release of Muster, another tool, a restored copy. The texts are kept for a month in the hash {PREFIX}:ACCOUNT.REGION:unreadable. The note goes when every target of it was read completely again.',
  };
}
