import type { MusterConfig } from '@muster/core/config/model';
import { createRedisLedger } from '@muster/core/control/ledger';
import { countProcesses, type ProcessCounts } from '@muster/core/redis/connected-clients';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { createClock } from '@muster/core/runtime/clock';
import { createLogger } from '@muster/core/runtime/logger';
import { openingFailure, refuseForeignLedger } from './redis-refusal.ts';

const PATIENCE_MS = 3_000;

/** Who is there to do the work, asked on a connection of its own. Exit code 1 when Redis does not answer. */
export async function askWhoIsThere(config: MusterConfig): Promise<ProcessCounts> {
  const log = createLogger({ name: 'cli', level: 'silent' });
  const redis = createRedis({ ...config.redis, profile: 'fail-fast', name: 'muster-cli', log });
  try {
    await awaitRedis(redis, createClock(), PATIENCE_MS);
    await refuseForeignLedger(createRedisLedger({ redis, prefix: config.redis.prefix, log }), config);
    return await countProcesses(redis);
  } catch (error) {
    throw openingFailure(error, ' muster plan --local needs none.');
  } finally {
    await closeRedis(redis);
  }
}
