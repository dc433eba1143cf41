import type { Redis } from 'ioredis';
import type { AccountId, InstanceId } from '../organization/ids.ts';
import type { TeleportNode } from './teleport-port.ts';
import type { Keys } from '../redis/keys.ts';
import { createSnapshotComparison } from './snapshot-comparison-store.ts';
import type { RunScript } from '../redis/scripts.ts';
import { readEpochMs } from '../enrollment/stored-schema.ts';

export interface InventoryFacts {
  /** Name of the complete snapshot; null before the first. */
  readonly generation: string | null;
  /** When the snapshot's reading began: what joined later may be missing from it. */
  readonly begunAtMs: number;
  readonly nodes: number;
  /** Why the last reading failed; null when it did not. */
  readonly error: string | null;
  /** The last reading showed so few nodes that it was not taken: sends are held until a reading or an operator says otherwise. */
  readonly dropped: boolean;
  /** How many nodes a dropped reading showed; absent while none is dropped, and where an older release wrote it. */
  readonly droppedTo?: number | undefined;
  /** How long the snapshot's reading took; absent where an older release wrote it. */
  readonly tookMs?: number | undefined;
  /**
   * Since the snapshot whose reading began then, each was compared with the one before, and what vanished was told to the
   * records before it was published. Absent where an older release wrote it.
   */
  readonly comparedSinceMs?: number | undefined;
}

/**
 * The node inventory as whole snapshots: a new one is written under its own generation and becomes visible at once,
 * by one write. No reader ever sees half of one.
 */
export function createNodeLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}) {
  const { redis, keys, run } = deps;

  async function facts(): Promise<InventoryFacts> {
    const fields = await redis.hgetall(keys.inventory);
    return {
      generation:
        fields['generation'] === undefined || fields['generation'] === '' ? null : fields['generation'],
      begunAtMs: readEpochMs(fields['begunAtMs']),
      nodes: Number(fields['nodes'] ?? 0),
      error: fields['error'] === undefined || fields['error'] === '' ? null : fields['error'],
      dropped: fields['dropped'] === 'yes',
      ...(fields['droppedTo'] === undefined || fields['droppedTo'] === ''
        ? {}
        : { droppedTo: Number(fields['droppedTo']) || 0 }),
      ...(fields['tookMs'] === undefined ? {} : { tookMs: Number(fields['tookMs']) || 0 }),
      ...(fields['comparedSinceMs'] === undefined
        ? {}
        : { comparedSinceMs: readEpochMs(fields['comparedSinceMs']) }),
    };
  }

  return {
    facts,
    ...createSnapshotComparison({ redis, keys }),

    /** Writes a snapshot under its generation; it becomes the current one by `publish`. */
    async addNodes(generation: string, nodes: readonly TeleportNode[], ttlMs: number): Promise<void> {
      const byAccount = new Map<AccountId, TeleportNode[]>();
      for (const node of nodes) {
        const list = byAccount.get(node.accountId);
        if (list === undefined) byAccount.set(node.accountId, [node]);
        else list.push(node);
      }
      await Promise.all(
        [...byAccount].map(async ([accountId, list]) => {
          const key = keys.nodes(accountId, generation);
          const fields = Object.fromEntries(list.map((node) => [node.instanceId, node.nodeId]));
          // Together, so that a kill in between leaves no nodes that never expire.
          await redis.multi().hset(key, fields).pexpire(key, ttlMs).exec();
        }),
      );
    },

    async publish(next: InventoryFacts): Promise<void> {
      await redis.hset(keys.inventory, {
        generation: next.generation ?? '',
        begunAtMs: next.begunAtMs,
        nodes: next.nodes,
        error: next.error ?? '',
        dropped: next.dropped ? 'yes' : '',
        droppedTo: next.droppedTo ?? '',
        ...(next.tookMs === undefined ? {} : { tookMs: next.tookMs }),
        ...(next.comparedSinceMs === undefined ? {} : { comparedSinceMs: next.comparedSinceMs }),
      });
    },

    /** Deletes a snapshot that is never to be published, by the accounts that it has nodes of. */
    async discard(generation: string, accounts: readonly AccountId[]): Promise<void> {
      // One key per call: the keys of accounts lie in different slots.
      await Promise.all(accounts.map((accountId) => redis.unlink(keys.nodes(accountId, generation))));
    },

    /** Records that a reading failed, or that it dropped to so many nodes; the last snapshot stays. */
    async fail(error: string, droppedTo: number | null = null): Promise<void> {
      const dropped = droppedTo === null ? '' : 'yes';
      await redis.hset(keys.inventory, { error, dropped, droppedTo: droppedTo ?? '' });
    },

    /** How many nodes of an account the current snapshot shows. */
    async countOf(accountId: AccountId): Promise<number> {
      const { generation } = await facts();
      return generation === null ? 0 : redis.hlen(keys.nodes(accountId, generation));
    },

    /**
     * Takes one of the removals from Teleport that an hour allows, before the node is removed.
     *
     * @returns 0 when it may be removed, else in how many ms the next one may; null when it was taken for this node within the hour
     */
    async takeRemoval(nodeId: string, perHour: number, hourMs: number): Promise<number | null> {
      const waitMs = (await run('take-removal', [keys.removals], [nodeId, perHour, hourMs])) as number;
      return waitMs < 0 ? null : waitMs;
    },

    /** The node was not removed after all. */
    async giveBackRemoval(nodeId: string): Promise<void> {
      await redis.zrem(keys.removals, nodeId);
    },

    /** The node is no longer in Teleport: the current snapshot shows it no more either. */
    async drop(accountId: AccountId, instanceId: InstanceId, nodeId: string): Promise<void> {
      const { generation } = await facts();
      if (generation === null) return;
      const names = [keys.inventory, keys.nodes(accountId, generation)];
      await run('drop-node', names, [generation, instanceId, nodeId]);
    },

    /** Node ids of those of `ids` that the current snapshot shows. @param known the facts that name it, to spare reading them again */
    async find(
      accountId: AccountId,
      ids: readonly InstanceId[],
      known?: InventoryFacts,
    ): Promise<ReadonlyMap<InstanceId, string>> {
      const found = new Map<InstanceId, string>();
      if (ids.length === 0) return found;
      const { generation } = known ?? (await facts());
      if (generation === null) return found;
      const nodeIds = await redis.hmget(keys.nodes(accountId, generation), ...ids);
      for (const [index, id] of ids.entries()) {
        const nodeId = nodeIds[index];
        if (typeof nodeId === 'string') found.set(id, nodeId);
      }
      return found;
    },
  };
}

/** The node inventory, as the last complete snapshot. */
export type NodeLedger = ReturnType<typeof createNodeLedger>;
