import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Keys } from '../redis/keys.ts';
import { redisTime } from '../redis/redis-time.ts';

/** Nothing that was sent before an epoch is under way for longer than minutes. */
const SEEN_KEPT_SECONDS = 86_400;

/**
 * The names of Redis's histories. A name is a random word of ours, which a flush loses, with the server's run id, which changes
 * with a restart (so with a rollback) and a failover, and the replication id, which changes with every promotion: also when the
 * old server comes back with its own run id.
 */
export function createEpochLedger({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  async function read(): Promise<string> {
    const [own, server, replication] = await Promise.all([
      redis.get(keys.epoch),
      redis.info('server'),
      redis.info('replication'),
    ]);
    const runId = /run_id:([0-9a-f]+)/.exec(server)?.[1] ?? 'unknown';
    const replId = /master_replid:([0-9a-f]+)/.exec(replication)?.[1] ?? 'unknown';
    return `${own ?? 'none'}-${runId.slice(0, 12)}-${replId.slice(0, 12)}`;
  }

  return {
    /** The epoch that it is now. The first call after a flush begins one. */
    async current(): Promise<string> {
      await redis.set(keys.epoch, randomBytes(6).toString('hex'), 'NX');
      return read();
    },

    /** The same, without a write: for a reader that must go on while Redis refuses writes. Before the first `current` it is another one. */
    read,

    /** When a process first saw this epoch, epoch ms of Redis. Everything sent before it is older. */
    async seenAtMs(epoch: string): Promise<number> {
      const known = await redis.get(keys.epochSeen(epoch));
      if (known !== null) return Number(known);
      const nowMs = await redisTime(redis);
      await redis.set(keys.epochSeen(epoch), nowMs, 'EX', SEEN_KEPT_SECONDS, 'NX');
      return Number((await redis.get(keys.epochSeen(epoch))) ?? nowMs);
    },

    /** Has an epoch be seen first at a later time, where more may have been sent until then than this process knows of. */
    async setSeen(epoch: string, atMs: number): Promise<void> {
      await redis.set(keys.epochSeen(epoch), atMs, 'EX', SEEN_KEPT_SECONDS);
    },
  };
}

/** By which history of Redis the ledger goes. */
export type EpochLedger = ReturnType<typeof createEpochLedger>;
