import type { MusterConfig } from '@muster/core/config/model';
import { messageOf } from '@muster/core/domain/errors';
import { countProcesses, type ProcessCounts } from '@muster/core/redis/connected-clients';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { createClock } from '@muster/core/runtime/clock';
import { createLogger } from '@muster/core/runtime/logger';
import { CommandError, EXIT } from './exit-codes.ts';

const PATIENCE_MS = 3_000;

/** Who is there to do the work, asked on a connection of its own. Exit code 1 when Redis does not answer. */
export async function askWhoIsThere(config: MusterConfig): Promise<ProcessCounts> {
  const log = createLogger({ name: 'cli', level: 'silent' });
  const redis = createRedis({ url: config.redis.url, profile: 'fail-fast', name: 'muster-cli', log });
  try {
    await awaitRedis(redis, createClock(), PATIENCE_MS);
    return await countProcesses(redis);
  } catch (error) {
    throw new CommandError(
      EXIT.failed,
      `${messageOf(error)}. Is it running, and is REDIS_URL (or muster.redis.url) right? muster plan --local needs none.`,
    );
  } finally {
    await closeRedis(redis);
  }
}
