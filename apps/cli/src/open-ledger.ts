import type { MusterConfig } from '@muster/core/config/model';
import { createRedisLedger } from '@muster/core/ledger/redis-ledger';
import type { Ledger } from '@muster/core/ports/ledger';
import type { Logger } from '@muster/core/ports/logger';
import { awaitRedis, closeRedis, createRedis, type RedisProfile } from '@muster/core/redis/connection';
import { checkRedis } from '@muster/core/redis/server-check';
import { isRefusal } from '@muster/core/redis/slow-refusals';
import { createClock } from '@muster/core/runtime/clock';
import { createLogger } from '@muster/core/runtime/logger';
import { isJobError, messageOf } from '@muster/core/domain/errors';
import { CommandError, EXIT } from './exit-codes.ts';

/** How long an operator's command waits for Redis before it says so. */
const PATIENCE_MS = 3_000;

/**
 * Opens the ledger for one command and closes it after. Exit code 1 when Redis does not answer, 78 when it is not the one
 * that the configuration speaks of.
 *
 * @param profile `patient` for a command that goes on for long and sits an outage of Redis out once it has begun
 */
export async function withLedger<T>(
  config: MusterConfig,
  use: (ledger: Ledger) => Promise<T>,
  profile: RedisProfile = 'fail-fast',
): Promise<T> {
  const log = createLogger({ name: 'cli', level: 'silent' });
  const redis = createRedis({ url: config.redis.url, profile, name: 'muster-cli', log });
  try {
    await awaitRedis(redis, createClock(), PATIENCE_MS);
  } catch (error) {
    await closeRedis(redis);
    if (isJobError(error, 'config.invalid')) throw new CommandError(EXIT.config, error.message);
    if (isJobError(error, 'ledger.unavailable') && error.details['loading'] === true) {
      throw new CommandError(EXIT.failed, error.message);
    }
    throw new CommandError(
      EXIT.failed,
      `${messageOf(error)}. Is it running, and is REDIS_URL (or muster.redis.url) right?`,
    );
  }
  try {
    return await use(createRedisLedger({ redis, prefix: config.redis.prefix, log }));
  } catch (error) {
    throw isRefusal(error) ? new CommandError(EXIT.failed, await whyRefused(config, log, error)) : error;
  } finally {
    await closeRedis(redis);
  }
}

/**
 * A full Redis or a replica refuses in words of its own; the check has the remedy. Over another connection: a client
 * leaves the one on which a replica refused.
 */
async function whyRefused(config: MusterConfig, log: Logger, refusal: unknown): Promise<string> {
  const redis = createRedis({ url: config.redis.url, profile: 'patient', name: 'muster-cli', log });
  try {
    await awaitRedis(redis, createClock(), PATIENCE_MS);
    await checkRedis(redis);
  } catch (error) {
    return messageOf(error);
  } finally {
    await closeRedis(redis);
  }
  return `Redis refuses to work just now: ${messageOf(refusal)}`;
}
