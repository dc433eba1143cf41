import type { Redis } from 'ioredis';
import type { Logger } from '../ports/logger.ts';
import { checkRedis } from './server-check.ts';

/**
 * Waits until Redis answers and refuses one that may lose what it is given. `redis` is patient, so that a Redis which
 * starts later than we do is waited for. Throws `config.unsafe`, with the command that fixes it.
 */
export async function requireSafeRedis(redis: Redis, log: Logger): Promise<void> {
  const facts = await checkRedis(redis);
  for (const note of facts.notes) log.warn({ note }, 'redis setting');
}
