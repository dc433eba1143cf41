import type { Redis } from 'ioredis';
import type { InstanceId } from '../../organization/ids.ts';
import type { Target } from '../../organization/target.ts';
import type { Keys } from '../../redis/keys.ts';

/** What one target's hosts may take of a ramp. */
export interface RampSlots {
  readonly size: number;
  /** Slots that are free. */
  readonly free: number;
  /** Slots that its account and its region have taken in this step. */
  readonly ofAccount: number;
  readonly ofRegion: number;
  readonly takenAtMs: number;
  /** Hosts of those asked for that have had a slot: they need no other. */
  readonly touched: ReadonlySet<InstanceId>;
}

/** Over what a step is spread. */
interface Spread {
  readonly accounts: number;
  readonly regions: number;
}

/** How long it is believed. */
const SPREAD_KNOWN_MS = 10_000;

/** Part of the ledger of ramps: what a target's hosts may take just now. No slot is taken here. */
export function createSlotReader({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  let spread: (Spread & { readonly atMs: number }) | null = null;
  return {
    /** What hosts of a target may take of each of these ramps, in the same order; null for one that lets in none. */
    async slots(
      ids: readonly string[],
      target: Target,
      instanceIds: readonly InstanceId[],
    ): Promise<readonly (RampSlots | null)[]> {
      const fields = ['size', 'taken', 'taken_at', 'stopped', `a:${target.accountId}`, `g:${target.region}`];
      return Promise.all(
        ids.map(async (id) => {
          const [counts, hosts] = await Promise.all([
            redis.hmget(keys.ramp(id), ...fields),
            instanceIds.length === 0 ? Promise.resolve([]) : redis.hmget(keys.rampHosts(id), ...instanceIds),
          ]);
          const [size, taken, takenAt, stopped, ofAccount, ofRegion] = counts;
          if (typeof size !== 'string' || typeof stopped === 'string') return null;
          return {
            size: Number(size),
            free: Math.max(0, Number(size) - Number(taken ?? 0)),
            ofAccount: Number(ofAccount ?? 0),
            ofRegion: Number(ofRegion ?? 0),
            takenAtMs: Number(takenAt ?? 0),
            touched: new Set(instanceIds.filter((_, index) => typeof hosts[index] === 'string')),
          };
        }),
      );
    },

    /** Accounts in scope, and regions of them: over so many a step is spread. Each at least 1. */
    async spread(nowMs: number): Promise<Spread> {
      if (spread !== null && Math.abs(nowMs - spread.atMs) < SPREAD_KNOWN_MS) return spread;
      const [accounts, texts] = await Promise.all([
        redis.hlen(keys.accounts),
        redis.hvals(keys.accountRegions),
      ]);
      const regions = new Set(
        [...new Set(texts)].flatMap((text) => text.match(/[a-z]{2}(?:-[a-z]+)+-\d+/g) ?? []),
      );
      spread = { accounts: Math.max(1, accounts), regions: Math.max(1, regions.size), atMs: nowMs };
      return spread;
    },
  };
}
