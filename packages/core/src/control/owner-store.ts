import type { Redis } from 'ioredis';
import { z } from 'zod';
import { judgeOwner, type Installation, type LedgerOwner } from './installation.ts';
import { type Keys, oldKeys } from '../redis/keys.ts';
import { redisFault, refusedEntry } from '../redis/redis-fault.ts';
import { isInCluster } from '../redis/slot-owner.ts';
import type { Logger } from '../runtime/logger-port.ts';
import type { ControlLedger } from './control-store.ts';
import type { EpochLedger } from './epoch-store.ts';
import { parseStored } from '../enrollment/stored-schema.ts';
import type { RunScript } from '../redis/scripts.ts';

/** Fields of a newer release pass through. */
const StoredOwner: z.ZodType<LedgerOwner & { readonly takenOver?: boolean | undefined }> = z.looseObject({
  schema: z.int(),
  readableFrom: z.int(),
  cluster: z.string(),
  group: z.string(),
  organizations: z.array(z.string()),
  takenOver: z.boolean().optional(),
});

const ATTEMPTS = 5;

interface OwnerDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
  readonly prefix: string;
  readonly control: Pick<ControlLedger, 'raise'>;
  readonly epochs: Pick<EpochLedger, 'current' | 'setSeen'>;
  readonly log: Logger;
}

/** Whose ledger this is. A text that cannot be read counts as none. */
export function createOwnerLedger(deps: OwnerDeps) {
  const { redis, keys, run, prefix } = deps;

  async function judge(mine: Installation) {
    const [text, accounts] = await Promise.all([redis.get(keys.owner), redis.hlen(keys.accounts)]);
    // Only a ledger that is not claimed yet may have an old one beside it that still counts.
    const old = text === null ? await findOldLedger(deps) : null;
    const owner = text === null ? (old?.owner ?? null) : parseStored(StoredOwner, text);
    const hasAccounts = accounts > 0 || old?.hasAccounts === true;
    return { text, old, owner, judgment: judgeOwner(owner, mine, { prefix, hasAccounts }) };
  }

  return {
    /** Claims it for `mine` when it has no owner. Null, or why it is another installation's. Safe to call again and again. */
    async claim(mine: Installation): Promise<string | null> {
      // A configuration without a cluster enrolls nothing and owns nothing.
      if (mine.cluster === '') return null;
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const { text, old, owner, judgment } = await judge(mine);
        if (judgment.kind === 'mine') return null;
        if (judgment.kind === 'foreign') return judgment.reason;
        const written = { ...owner, ...judgment.owner };
        if (old !== null) await takeOver(written, deps);
        const claimed = await run('claim-ledger', [keys.owner], [text ?? '', JSON.stringify(written)]);
        if (Number(claimed) !== 1) continue;
        // Found no more from now on, whatever becomes of the new ledger: an operator may give up the prefix.
        if (old !== null) {
          await redis.set(oldKeys(prefix).owner, JSON.stringify({ ...written, takenOver: true }));
        }
        return null;
      }
      return null;
    },

    /** Why it is another installation's; null when it is `mine` or has no owner. Writes nothing. */
    async whyForeign(mine: Installation): Promise<string | null> {
      if (mine.cluster === '') return null;
      const { judgment } = await judge(mine);
      return judgment.kind === 'foreign' ? judgment.reason : null;
    },
  };
}

/** Whose ledger it is: another installation on the same prefix would take this one's records for its own. */
export type OwnerLedger = ReturnType<typeof createOwnerLedger>;

/** What release 0.1 has left under the prefix, at keys that this release does not use. */
interface OldLedger {
  /** Null when it does not say whose it is: the first of them did not. */
  readonly owner: LedgerOwner | null;
  readonly hasAccounts: boolean;
}

/**
 * Null when there is none, or it was taken over. Throws `ledger.unavailable` when the Redis user may not look there: a pause
 * that is not seen would be a send.
 */
async function findOldLedger({ redis, prefix }: OwnerDeps): Promise<OldLedger | null> {
  // Release 0.1 refused Clusters, and its keys would lie in other slots.
  if (isInCluster(redis)) return null;
  const old = oldKeys(prefix);
  try {
    const [text, accounts, there] = await Promise.all([
      redis.get(old.owner),
      redis.hlen(old.accounts),
      redis.exists(...Object.values(old)),
    ]);
    const owner = text === null ? null : parseStored(StoredOwner, text);
    if (there === 0 || owner?.takenOver === true) return null;
    // Whatever it says of its schema: this release takes it over.
    return {
      owner: owner === null ? null : { ...owner, schema: 1, readableFrom: 1 },
      hasAccounts: accounts > 0,
    };
  } catch (error) {
    const refused = refusedEntry(error);
    if (refused === null) throw error;
    const { problem } = refused;
    const remedy = `Let it look, until the first start, at what release 0.1 may have left: ACL SETUSER ${redis.options.username || 'NAME'} ~${prefix}:{*`;
    throw redisFault({ code: 'ledger.unavailable', problem, remedy, cause: error });
  }
}

/** How long a process of 0.1 may send after the take-over: it looks at the owner every 15 s, ends its jobs within 20 s, and a send takes 10 s. */
const LAST_OLD_SEND_MS = 60_000;

/**
 * Takes over what neither AWS nor the inventory can tell: pauses, the hold, since when markers are signed. Nothing is
 * replaced, so that it may be begun again after a kill. Processes and commands of 0.1 would send and write beside ours: they
 * find a newer release as owner and end. The new epoch counts from the last send that they can make, so that no list of a
 * target's commands is read before it (`enterEpoch`).
 */
async function takeOver(
  owner: LedgerOwner,
  { redis, keys, prefix, control, epochs, log }: OwnerDeps,
): Promise<void> {
  const old = oldKeys(prefix);
  await redis.set(old.owner, JSON.stringify(owner));
  const [pauses, hold, signedSince, [seconds]] = await Promise.all([
    redis.hgetall(old.pauses),
    redis.get(old.hold),
    redis.get(old.signedSince),
    redis.time(),
  ]);
  const scopes = Object.entries(pauses);
  await Promise.all(scopes.map(([scope, text]) => redis.hsetnx(keys.pauses, scope, text)));
  if (hold !== null) await redis.setnx(keys.hold, hold);
  if (signedSince !== null) await redis.setnx(keys.signedSince, signedSince);
  const nowMs = Number(seconds) * 1_000;
  await epochs.setSeen(await epochs.current(), nowMs + LAST_OLD_SEND_MS);
  await control.raise({
    kind: 'ledger-rebuilt',
    scope: 'all',
    sinceMs: nowMs,
    message: `Redis holds a ledger of release 0.1, under ${prefix}:{…}. This release makes a new one from AWS and the inventory, and has taken over the pauses (${scopes.length}) and the first-run hold. Back-off, attempts and history are lost.`,
    remedy: `Look at muster status, then remove the old keys: redis-cli -u "$REDIS_URL" --scan --pattern '${prefix}:{*' | xargs redis-cli -u "$REDIS_URL" unlink. muster resume --all takes this note away, and ends a pause of all.`,
  });
  log.warn(
    { prefix, pauses: scopes.length },
    'ledger of release 0.1 found: a new one is made, its pauses are kept',
  );
}
