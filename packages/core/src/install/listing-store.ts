import type { Redis } from 'ioredis';
import { targetId } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { EnrollmentLedger } from '../enrollment/enrollment-store.ts';

/** What the ledger keeps of the last listing of a target's own commands. */
export interface TargetListing {
  /** As it stands. */
  readonly word: string;
  /** Epoch ms since when another listing is due whatever the epoch; null when none is. */
  readonly distrustedSinceMs: number | null;
}

/** When a target's own commands were last listed, and whether that is still to be believed. */
export function createListings({
  redis,
  keys,
  run,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): Pick<EnrollmentLedger, 'lastListing' | 'settleListing' | 'distrust'> {
  return {
    async lastListing(target) {
      const word = await redis.get(keys.target(target).epoch);
      if (word === null) return null;
      const since = /^\?\|(\d+)$/.exec(word)?.[1];
      return { word, distrustedSinceMs: since === undefined ? null : Number(since) };
    },

    settleListing: async (target, before, epoch) =>
      (await run('settle-listing', [keys.target(target).epoch], [before?.word ?? '', epoch])) === 1,

    async distrust(target, nowMs) {
      await run(
        'distrust',
        [keys.target(target).epoch, keys.due('install')],
        [targetId(target), Math.floor(nowMs)],
      );
    },
  };
}
