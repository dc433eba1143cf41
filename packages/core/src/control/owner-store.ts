import type { Redis } from 'ioredis';
import { z } from 'zod';
import { judgeOwner, type Installation, type LedgerOwner } from './installation.ts';
import type { Keys } from '../redis/keys.ts';
import { parseStored } from '../enrollment/stored-schema.ts';
import type { RunScript } from '../redis/scripts.ts';

/** Whose ledger it is: another installation on the same prefix would take this one's records for its own. */
export interface OwnerLedger {
  /** Claims it for `mine` when it has no owner. Null, or why it is another installation's. Safe to call again and again. */
  claim(mine: Installation): Promise<string | null>;
  /** Why it is another installation's; null when it is `mine` or has no owner. Writes nothing. */
  whyForeign(mine: Installation): Promise<string | null>;
}

/** Fields of a newer release pass through. */
const StoredOwner: z.ZodType<LedgerOwner> = z.looseObject({
  schema: z.int(),
  readableFrom: z.int(),
  cluster: z.string(),
  group: z.string(),
  organizations: z.array(z.string()),
});

const ATTEMPTS = 5;

/** Whose ledger this is. A text that cannot be read counts as none. */
export function createOwnerLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
  readonly prefix: string;
}): OwnerLedger {
  const { redis, keys, run, prefix } = deps;

  async function judge(mine: Installation) {
    const [text, accounts] = await Promise.all([redis.get(keys.owner), redis.hlen(keys.accounts)]);
    const owner = text === null ? null : parseStored(StoredOwner, text);
    return { text, owner, judgment: judgeOwner(owner, mine, { prefix, hasAccounts: accounts > 0 }) };
  }

  return {
    async claim(mine) {
      // A configuration without a cluster enrolls nothing and owns nothing.
      if (mine.cluster === '') return null;
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const { text, owner, judgment } = await judge(mine);
        if (judgment.kind === 'mine') return null;
        if (judgment.kind === 'foreign') return judgment.reason;
        const written = JSON.stringify({ ...owner, ...judgment.owner });
        if (Number(await run('claim-ledger', [keys.owner], [text ?? '', written])) === 1) return null;
      }
      return null;
    },

    async whyForeign(mine) {
      if (mine.cluster === '') return null;
      const { judgment } = await judge(mine);
      return judgment.kind === 'foreign' ? judgment.reason : null;
    },
  };
}
