import type { Redis } from 'ioredis';
import { z } from 'zod';
import { EpochMs } from '../enrollment/record.ts';
import { encodeStored, parseStored } from '../enrollment/stored-schema.ts';
import type { Keys } from '../redis/keys.ts';

/** An operator's word that a finding is known: it stays in the lists, and no channel is told of it until the mute ends. */
export interface Mute {
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
  /** When it ends by itself. */
  readonly untilMs: number;
}

/** A mute as lists show it. */
export interface MuteView {
  readonly by: string;
  readonly reason: string;
  /** When it ends by itself, ISO 8601. */
  readonly until: string;
}

/** Null for none. */
export function viewOfMute(mute: Mute | undefined): MuteView | null {
  if (mute === undefined) return null;
  return { by: mute.by, reason: mute.reason, until: new Date(mute.untilMs).toISOString() };
}

/** The longest mute. What is to be silent for longer belongs into the filters of a channel. */
export const LONGEST_MUTE_MS = 90 * 86_400_000;

const StoredMute = z.object({ by: z.string(), reason: z.string(), atMs: EpochMs, untilMs: EpochMs });

/** Mutes by the id of what they mute: see `idOfFinding`. */
export function createMuteLedger({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  return {
    /** Mutes it, or mutes it anew. Takes away what has ended, so that Redis keeps no more than what stands. */
    async mute(id: string, mute: Mute): Promise<void> {
      const ended = Object.entries(await redis.hgetall(keys.mutes))
        .filter(([, text]) => (parseStored(StoredMute, text)?.untilMs ?? 0) <= mute.atMs)
        .map(([one]) => one);
      if (ended.length > 0) await redis.hdel(keys.mutes, ...ended);
      await redis.hset(keys.mutes, id, encodeStored(mute));
    },

    /** Whether there was one. */
    unmute: async (id: string): Promise<boolean> => (await redis.hdel(keys.mutes, id)) === 1,

    /** Those that have not ended. One that cannot be read mutes nothing. */
    async standing(nowMs: number): Promise<ReadonlyMap<string, Mute>> {
      const found = Object.entries(await redis.hgetall(keys.mutes)).map(
        ([id, text]) => [id, parseStored(StoredMute, text)] as const,
      );
      return new Map(
        found.flatMap(([id, mute]) => (mute !== null && mute.untilMs > nowMs ? [[id, mute]] : [])),
      );
    },
  };
}

export type MuteLedger = ReturnType<typeof createMuteLedger>;
