import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Keys } from '../redis/keys.ts';
import type { ControlLedger } from './control-store.ts';

/** By which history of Redis we go: see `ControlLedger.epoch`. */
export function createEpochs(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
}): Pick<ControlLedger, 'epoch' | 'epochSeenAt'> {
  const { redis, keys } = deps;
  return {
    async epoch() {
      // Our own word is lost by a flush, the run id changes with a restart (so with a rollback) and a failover, the
      // replication id with every promotion: also when the old server comes back with its own run id.
      await redis.set(keys.epoch, randomBytes(6).toString('hex'), 'NX');
      const [word, info, replication] = await Promise.all([
        redis.get(keys.epoch),
        redis.info('server'),
        redis.info('replication'),
      ]);
      const runId = /run_id:([0-9a-f]+)/.exec(info)?.[1] ?? 'unknown';
      const replId = /master_replid:([0-9a-f]+)/.exec(replication)?.[1] ?? 'unknown';
      return `${word ?? 'none'}-${runId.slice(0, 12)}-${replId.slice(0, 12)}`;
    },

    async epochSeenAt(epoch, nowMs) {
      // Kept a day: nothing that was sent before an epoch is under way for longer than minutes.
      await redis.set(keys.epochSeen(epoch), nowMs, 'EX', 86_400, 'NX');
      return Number((await redis.get(keys.epochSeen(epoch))) ?? nowMs);
    },
  };
}
