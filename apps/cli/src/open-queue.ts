import type { MusterConfig } from '@muster/core/config/model';
import { createRedisLedger } from '@muster/core/control/ledger';
import { createJobQueue, type JobQueue } from '@muster/core/jobs/queue/enqueue';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { createClock } from '@muster/core/runtime/clock';
import { createLogger } from '@muster/core/runtime/logger';
import { openingFailure, refuseForeignLedger } from './redis-refusal.ts';

const PATIENCE_MS = 3_000;

/** Opens the queue for one command and closes it after. */
export async function withJobQueue<T>(
  config: MusterConfig,
  use: (queue: JobQueue) => Promise<T>,
): Promise<T> {
  const log = createLogger({ name: 'cli', level: 'silent' });
  const redis = createRedis({ ...config.redis, profile: 'fail-fast', name: 'muster-cli', log });
  const queue = createJobQueue({ connection: redis, prefix: config.redis.prefix });
  try {
    await awaitRedis(redis, createClock(), PATIENCE_MS).catch((error: unknown) => {
      throw openingFailure(error);
    });
    await refuseForeignLedger(createRedisLedger({ redis, prefix: config.redis.prefix, log }), config);
    return await use(queue);
  } finally {
    await queue.close();
    await closeRedis(redis);
  }
}
