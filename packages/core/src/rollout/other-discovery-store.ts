import type { Redis } from 'ioredis';
import { z } from 'zod';
import { EpochMs } from '../enrollment/record.ts';
import { encodeStored, parseStored } from '../enrollment/stored-schema.ts';
import type { Keys } from '../redis/keys.ts';
import { type OtherDiscovery, OtherDiscoveryShape } from './other-discovery.ts';

const Stored = z.looseObject({ readAtMs: EpochMs, others: z.array(OtherDiscoveryShape) });

/** What the last look at Teleport's own Discovery Services found at work. */
export interface OtherDiscoveries {
  /** Epoch ms; 0 before the first look. */
  readonly readAtMs: number;
  readonly others: readonly OtherDiscovery[];
}

export function createOtherDiscoveryLedger({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  return {
    async read(): Promise<OtherDiscoveries> {
      const text = await redis.get(keys.otherDiscovery);
      const stored = text === null ? null : parseStored(Stored, text);
      return stored ?? { readAtMs: 0, others: [] };
    },

    async put(found: OtherDiscoveries): Promise<void> {
      await redis.set(keys.otherDiscovery, encodeStored(found));
    },
  };
}

/** Teleport's own Discovery Services that are at work beside Muster. */
export type OtherDiscoveryLedger = ReturnType<typeof createOtherDiscoveryLedger>;
