import type { MusterConfig } from '@muster/core/config/model';
import { messageOf } from '@muster/core/domain/errors';
import { countClients } from '@muster/core/redis/connected-clients';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { createClock } from '@muster/core/runtime/clock';
import { createLogger } from '@muster/core/runtime/logger';
import { CommandError, EXIT } from './exit-codes.ts';

const PATIENCE_MS = 3_000;

/** Processes connected to Redis; null where Redis does not tell. */
export interface ProcessCounts {
  readonly schedulers: number | null;
  readonly workers: number | null;
}

/** Who is there to do the work. Exit code 1 when Redis does not answer. */
export async function countProcesses(config: MusterConfig): Promise<ProcessCounts> {
  const log = createLogger({ name: 'cli', level: 'silent' });
  const redis = createRedis({ url: config.redis.url, profile: 'fail-fast', name: 'muster-cli', log });
  try {
    await awaitRedis(redis, createClock(), PATIENCE_MS);
    const [schedulers, workers] = await Promise.all([
      countClients(redis, 'muster-console'),
      countClients(redis, 'muster-worker-producer'),
    ]);
    return { schedulers, workers };
  } catch (error) {
    throw new CommandError(
      EXIT.failed,
      `${messageOf(error)}. Is it running, and is REDIS_URL (or muster.redis.url) right? muster plan --local needs none.`,
    );
  } finally {
    await closeRedis(redis);
  }
}
