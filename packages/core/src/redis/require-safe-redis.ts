import type { Redis } from 'ioredis';
import type { Logger } from '../runtime/logger-port.ts';
import { checkRedisThoroughly } from './server-check.ts';

/**
 * Waits until Redis answers and refuses one that cannot do the work. `redis` is patient, so that a Redis which starts later
 * than we do is waited for. Throws as `checkRedis` does.
 */
export async function requireSafeRedis(redis: Redis, prefix: string, log: Logger): Promise<void> {
  const facts = await checkRedisThoroughly(redis, prefix);
  for (const { kind, message, remedy } of facts.notes) {
    log.warn({ kind, note: message, remedy }, 'redis setting');
  }
}
