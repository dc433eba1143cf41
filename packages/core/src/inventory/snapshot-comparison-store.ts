/**
 * What two snapshots of the inventory differ in. Digests of each account's nodes say which accounts have changed, so an
 * unchanged fleet costs one field an account.
 */
import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { AccountId, InstanceId } from '../organization/ids.ts';
import type { Keys } from '../redis/keys.ts';
import type { InventoryFacts } from './node-store.ts';
import type { TeleportNode } from './teleport-port.ts';

/** Of each account's nodes in a snapshot, one word for their instance ids, whatever the order: see `createNodeDigests`. */
export type NodeDigests = ReadonlyMap<AccountId, string>;

/** Instances of one account whose node one snapshot shows and the next one does not. */
export interface VanishedNodes {
  readonly accountId: AccountId;
  readonly instanceIds: readonly InstanceId[];
}

/** Fields per HSCAN: Redis is busy with so many for well under a millisecond. */
const SCANNED = 500;

/** Part of the ledger of nodes: see `createNodeLedger`. */
export function createSnapshotComparison({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  /** Those of an account that one snapshot shows and another does not, some at a time. */
  async function* vanishedOf(
    accountId: AccountId,
    before: string,
    next: string,
  ): AsyncGenerator<VanishedNodes> {
    let cursor = '0';
    do {
      const [nextCursor, flat] = await redis.hscan(keys.nodes(accountId, before), cursor, 'COUNT', SCANNED);
      cursor = nextCursor;
      const ids = flat.filter((_, index) => index % 2 === 0);
      if (ids.length === 0) continue;
      const found = await redis.hmget(keys.nodes(accountId, next), ...ids);
      const vanished = ids.filter((id, index) => found[index] === null && InstanceId.safeParse(id).success);
      if (vanished.length > 0) yield { accountId, instanceIds: vanished as InstanceId[] };
    } while (cursor !== '0');
  }

  return {
    /** Keeps what the accounts' nodes of a snapshot came to. @param ttlMs no longer than that of any of its nodes */
    async putDigests(generation: string, digests: NodeDigests, ttlMs: number): Promise<void> {
      const key = keys.nodeDigests(generation);
      // A snapshot without nodes can be compared, too.
      const fields = { accounts: digests.size, ...Object.fromEntries(digests) };
      await redis.multi().hset(key, fields).pexpire(key, ttlMs).exec();
    },

    /**
     * What a snapshot shows and the next one does not. Reads the nodes of accounts that have changed, and nothing else: in an
     * unchanged fleet the cost is one field an account. Null when they cannot be compared: the older one is gone.
     */
    async vanished(
      before: InventoryFacts,
      next: { readonly generation: string; readonly digests: NodeDigests },
    ): Promise<AsyncIterable<VanishedNodes> | null> {
      const { generation } = before;
      if (generation === null) return null;
      const fields = Object.entries(await redis.hgetall(keys.nodeDigests(generation)));
      if (fields.length === 0) return null;
      const changed = fields.flatMap(([id, digest]) => {
        const accountId = AccountId.safeParse(id);
        return accountId.success && next.digests.get(accountId.data) !== digest ? [accountId.data] : [];
      });
      return (async function* () {
        for (const accountId of changed) yield* vanishedOf(accountId, generation, next.generation);
      })();
    },
  };
}

/**
 * Gathers the digests of a snapshot while it is read: of each account the number of its nodes, and the sum of 48 bits of each
 * instance id's hash. An instance that is listed twice makes another digest, which costs a closer look and nothing else.
 */
export function createNodeDigests(): {
  readonly add: (node: Pick<TeleportNode, 'accountId' | 'instanceId'>) => void;
  readonly digests: () => NodeDigests;
} {
  const sums = new Map<AccountId, { count: number; sum: number }>();
  return {
    add({ accountId, instanceId }) {
      const one = sums.get(accountId) ?? { count: 0, sum: 0 };
      one.count += 1;
      one.sum = (one.sum + hash('sha256', instanceId, 'buffer').readUIntBE(0, 6)) % 2 ** 48;
      sums.set(accountId, one);
    },
    digests: () => new Map([...sums].map(([id, { count, sum }]) => [id, `${count}.${sum.toString(36)}`])),
  };
}
