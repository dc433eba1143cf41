import type { Redis } from 'ioredis';
import { targetId } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { EnrollmentLedger } from '../enrollment/enrollment-store.ts';

/** What the ledger keeps of the last listing of a target's own commands. */
export interface TargetListing {
  /** As it lies in Redis. */
  readonly stored: string;
  /** The epoch under which they were listed; null when that is no longer believed. */
  readonly epoch: string | null;
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
}): Pick<EnrollmentLedger, 'lastListing' | 'noteListing' | 'distrust'> {
  return {
    async lastListing(target) {
      const stored = await redis.get(keys.target(target).epoch);
      if (stored === null) return null;
      const since = /^\?\|(\d+)$/.exec(stored)?.[1];
      return since === undefined
        ? { stored, epoch: stored, distrustedSinceMs: null }
        : { stored, epoch: null, distrustedSinceMs: Number(since) };
    },

    noteListing: async (target, before, epoch) =>
      (await run('note-listing', [keys.target(target).epoch], [before?.stored ?? '', epoch])) === 1,

    async distrust(target, nowMs) {
      await run(
        'distrust',
        [keys.target(target).epoch, keys.due('install')],
        [targetId(target), Math.floor(nowMs)],
      );
    },
  };
}
