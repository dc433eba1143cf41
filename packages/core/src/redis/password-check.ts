import type { Redis } from 'ioredis';
import type { RedisNote } from './server-check.ts';

const ANSWER_WITHIN_MS = 2_000;

/**
 * Asks, over a connection of its own and without user or password, for a key of ours: what a stranger gets. Null when it is
 * refused, or does not answer.
 */
export async function checkPassword(redis: Redis, key: string): Promise<RedisNote | null> {
  return (await answersStrangers(redis, key)) ? withoutPassword(redis) : null;
}

async function answersStrangers(redis: Redis, key: string): Promise<boolean> {
  const stranger = redis.duplicate({
    username: '',
    password: '',
    db: 0,
    connectionName: 'muster-stranger',
    lazyConnect: true,
    // Its ready check would take a refused INFO for a server that is not there yet.
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: ANSWER_WITHIN_MS,
    commandTimeout: ANSWER_WITHIN_MS,
  });
  // What goes wrong is the answer.
  stranger.on('error', () => undefined);
  try {
    await stranger.connect();
    await stranger.get(key);
    return true;
  } catch {
    return false;
  } finally {
    stranger.disconnect();
  }
}

const LOOPBACK = /^(localhost|127\.[\d.]+|::1)$/;

/** On loopback only this machine's users are strangers, which is less, and still root on the fleet. */
function withoutPassword({ options }: Redis): RedisNote {
  const { host = '127.0.0.1', port = 6379 } = options;
  const who = LOOPBACK.test(host)
    ? `every program on this machine (${host}:${port})`
    : `everything that reaches ${host}:${port}`;
  return {
    kind: 'redis-without-password',
    message: `Redis answers without a password: ${who} can read and change what Muster works by.`,
    remedy: `Give it one: requirepass in its configuration, or an ACL user; put the password into a file that only Redis and Muster read, and name that in muster.redis.password_file (or REDIS_PASSWORD_FILE).`,
  };
}
