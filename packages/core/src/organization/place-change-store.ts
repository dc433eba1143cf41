import type { ChainableCommander, Redis } from 'ioredis';
import type { Keys } from '../redis/keys.ts';

/** Entries kept: a reader that falls behind them reads all places anew, which costs little. put-coverages.lua keeps as many. */
const PLACES_KEPT = 10_000;

/** Adds to a transaction that these accounts changed. What changes coverage tells it itself (put-coverages.lua). */
export function tellPlaces(
  transaction: ChainableCommander,
  keys: Keys,
  accountIds: readonly string[],
): ChainableCommander {
  return transaction.xadd(keys.placeChanges, 'MAXLEN', '~', PLACES_KEPT, '*', 'places', accountIds.join(','));
}

/** Places that changed since a reader last asked. */
export interface PlaceReading {
  /** Ids of targets, of accounts, and `ACCOUNT.*`. */
  readonly places: ReadonlySet<string>;
  /** Where to read on. */
  readonly nextId: string;
  /** Whether there may be more entries. */
  readonly more: boolean;
  /** The stream no longer reaches back to where the reader stood: anything may have changed. */
  readonly behind: boolean;
}

/** The stream of changed accounts, targets and coverage. */
export function createPlaceChanges({ redis, keys }: { redis: Redis; keys: Keys }) {
  return {
    /** @returns where the stream ends now; `0-0` for an empty one */
    async end(): Promise<string> {
      const [[id] = ['0-0']] = await redis.xrevrange(keys.placeChanges, '+', '-', 'COUNT', 1);
      return id;
    },

    /** Places changed after an entry, of at most `limit` entries. */
    async read(afterId: string, limit: number): Promise<PlaceReading> {
      // Asked in this order: what is cut off between the two is told as behind, not left out.
      const [entries, last] = await Promise.all([
        redis.xrange(keys.placeChanges, `(${afterId}`, '+', 'COUNT', limit),
        afterId === '0-0' ? [] : redis.xrange(keys.placeChanges, afterId, afterId),
      ]);
      const behind = afterId === '0-0' ? entries.length >= limit : last.length === 0;
      const places = new Set<string>();
      for (const [, fields] of entries) {
        for (const place of (fields[1] ?? '').split(',')) if (place !== '') places.add(place);
      }
      const nextId = entries.at(-1)?.[0] ?? (behind ? '0-0' : afterId);
      return { places, nextId, more: entries.length >= limit, behind };
    },
  };
}
