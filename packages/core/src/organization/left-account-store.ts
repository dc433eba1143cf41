/**
 * Accounts that left the organization, by the word of AWS Organizations: a scan cannot tell them from accounts that only left
 * the configuration. Kept for the clean-up alone (docs/decisions/0022-clean-up.md).
 */
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { EpochMs } from '../enrollment/record.ts';
import { encodeStored, parseStored } from '../enrollment/stored-schema.ts';
import { isMacOf, macOf } from '../install/mac.ts';
import type { Keys } from '../redis/keys.ts';
import type { Sealer } from './account.ts';
import { AccountId } from './ids.ts';

/** An account that complete listings of its whole organization no longer show. */
export interface LeftAccount {
  readonly accountId: AccountId;
  readonly organizationId: string;
  /** When a listing first missed it, epoch ms. */
  readonly sinceMs: number;
  /** The newest listing that missed it, too. */
  readonly confirmedAtMs: number;
}

const StoredLeft = z.looseObject({
  organizationId: z.string(),
  sinceMs: EpochMs,
  confirmedAtMs: EpochMs,
  seal: z.string().optional(),
});

function partsOf({ accountId, organizationId, sinceMs, confirmedAtMs }: LeftAccount, installation: string) {
  return [installation, accountId, organizationId, sinceMs, confirmedAtMs];
}

export function createLeftAccounts({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  return {
    /** Those that a worker noted; an entry that no worker can have written counts as none. */
    async all({ keys: macKeys, installation }: Sealer): Promise<readonly LeftAccount[]> {
      const fields = Object.entries(await redis.hgetall(keys.leftAccounts));
      return fields.flatMap(([id, text]) => {
        const accountId = AccountId.safeParse(id);
        const stored = parseStored(StoredLeft, text);
        if (!accountId.success || stored === null) return [];
        const { seal = '', ...facts } = stored;
        const left: LeftAccount = { accountId: accountId.data, ...facts };
        const isProven =
          macKeys.length === 0 || isMacOf(macKeys, 'left-account', partsOf(left, installation), seal);
        return isProven ? [left] : [];
      });
    },

    async note(left: readonly LeftAccount[], { keys: macKeys, installation }: Sealer): Promise<void> {
      for (const one of left) {
        const { accountId, ...facts } = one;
        const seal = macOf(macKeys, 'left-account', partsOf(one, installation));
        await redis.hset(keys.leftAccounts, accountId, encodeStored({ ...facts, seal }));
      }
    },

    async drop(accountIds: readonly AccountId[]): Promise<void> {
      if (accountIds.length > 0) await redis.hdel(keys.leftAccounts, ...accountIds);
    },
  };
}

/** Accounts that left the organization, as listings of all of it say. */
export type LeftAccounts = ReturnType<typeof createLeftAccounts>;
