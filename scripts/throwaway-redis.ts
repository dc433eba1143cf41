/**
 * Loaded before a program (`node --import`): starts a Redis for it and names it in REDIS_URL, unless that is set. The
 * server dies with this process. Processes started from here inherit the address and share the server.
 */
import { randomBytes } from 'node:crypto';
import { startRedis } from '@muster/testing/redis-server';

if (!process.env['REDIS_URL']) {
  const redis = await startRedis({ password: randomBytes(12).toString('hex') });
  process.env['REDIS_URL'] = redis.url;
}
