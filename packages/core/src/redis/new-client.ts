import type { Redis } from 'ioredis';
import { renewPassword } from './connection.ts';
import { refusedEntry } from './redis-fault.ts';
import type { RedisNote } from './redis-note.ts';
import { findMissingRights, type MissingRights } from './rights.ts';

const ANSWER_WITHIN_MS = 2_000;

/**
 * What only a connection of its own can find out: whether Redis lets in a client that gives no password, whether it would still
 * let in one of ours, and which commands ours may send.
 *
 * @param prefix of the installation
 * @param key of ours, at which nothing is ever stored
 */
export async function askAsNewClient(
  redis: Redis,
  prefix: string,
  key: string,
): Promise<readonly RedisNote[]> {
  const [isOpen, own] = await Promise.all([answersStrangers(redis, key), askAsOurs(redis, prefix, key)]);
  return [...own, ...(isOpen ? [withoutPassword(redis)] : [])];
}

/** A client that tries once, and soon gives up. */
function tryOnce(redis: Redis, more: Parameters<Redis['duplicate']>[0]): Redis {
  const once = redis.duplicate({
    lazyConnect: true,
    // Its ready check would take a refused INFO for a server that is not there yet.
    enableReadyCheck: false,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: ANSWER_WITHIN_MS,
    commandTimeout: ANSWER_WITHIN_MS,
    ...more,
  });
  // What goes wrong is the answer.
  once.on('error', () => undefined);
  return once;
}

/** Asks, without user or password, for a key of ours: what a stranger gets. */
async function answersStrangers(redis: Redis, key: string): Promise<boolean> {
  const stranger = tryOnce(redis, { username: '', password: '', db: 0, connectionName: 'muster-stranger' });
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

/** A connection that stands outlives a change of the password, and the next one does not: it reads the file. */
async function askAsOurs(redis: Redis, prefix: string, key: string): Promise<readonly RedisNote[]> {
  renewPassword(redis);
  const ours = tryOnce(redis, { connectionName: 'muster-rights' });
  let met: unknown = null;
  ours.on('error', (error) => {
    met = error;
  });
  try {
    await ours.connect();
    const missing = await findMissingRights(ours, key);
    return missing === null ? [] : [noteOfRights(missing, redis, prefix)];
  } catch (error) {
    const refused = refusedEntry(met) ?? refusedEntry(error);
    // What else is wrong with Redis, the check of the connection that stands says.
    if (refused === null) return [];
    return [
      {
        kind: 'redis-login-refused',
        message: `${refused.problem}. Connections that stand go on; a process that starts, or that loses one, stands still.`,
        remedy: `${refused.remedy}.`,
      },
    ];
  } finally {
    ours.disconnect();
  }
}

function noteOfRights({ commands, keys }: MissingRights, { options }: Redis, prefix: string): RedisNote {
  const user = options.username || 'default';
  const lacks = [
    ...(commands.length === 0
      ? []
      : [`may not send ${commands.map((name) => name.toUpperCase()).join(', ')}`]),
    ...(keys ? [`may not touch the keys of the prefix`] : []),
  ];
  const rules = [...commands.map((name) => `+${name}`), ...(keys ? [`~{${prefix}}:*`] : [])];
  return {
    kind: 'redis-rights-missing',
    message: `The Redis user ${user} ${lacks.join(' and ')}, which Muster needs.`,
    remedy: `Run: ACL SETUSER ${user} ${rules.join(' ')} — and keep it with ACL SAVE or CONFIG REWRITE; all rights that Muster needs are in docs/redis.md (A user of its own).`,
  };
}
