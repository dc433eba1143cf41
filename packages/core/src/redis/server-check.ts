import type { Redis } from 'ioredis';
import { messageOf } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger-port.ts';
import { createKeys } from './keys.ts';
import { isRefusal, type RedisFault, redisFault, refusedEntry } from './redis-fault.ts';
import { readServerInfo, requireOnePrimary, type ServerInfo } from './server-info.ts';

/** Something about Redis that is allowed and unwise. */
export interface RedisNote {
  readonly kind: 'redis-not-durable' | 'redis-without-password';
  readonly message: string;
  readonly remedy: string;
}

/** Facts about a Redis that passed the check. */
export interface RedisFacts {
  readonly kind: 'redis' | 'valkey';
  /** Such as `7.2.5`. */
  readonly version: string;
  readonly notes: readonly RedisNote[];
}

/** Oldest Redis we run on: what BullMQ recommends, and the first with every command of our scripts. */
const OLDEST_REDIS = [6, 2] as const;

/**
 * Refuses a Redis that cannot do the work. Throws `config.unsafe`, with what fixes it, when it is not what the URL
 * says (see `requireOnePrimary`), may evict keys or is older than 6.2, and `ledger.unavailable` when it does not answer, is full, a replica, or
 * refuses writes for another reason. Asks only INFO, and for a write that changes nothing: managed services refuse CONFIG.
 */
export async function checkRedis(redis: Redis, prefix: string): Promise<RedisFacts> {
  const info = await readServerInfo(redis);
  requireOnePrimary(redis, info);
  const kind = info.has('valkey_version') ? 'valkey' : 'redis';
  const version = info.get(`${kind}_version`) ?? 'unknown';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const tooOld = major < OLDEST_REDIS[0] || (major === OLDEST_REDIS[0] && minor < OLDEST_REDIS[1]);
  if (kind === 'redis' && tooOld) {
    throw redisFault({
      code: 'config.unsafe',
      problem: `Redis ${version} is too old`,
      remedy: 'Use Redis 6.2 or newer, or Valkey',
    });
  }
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  if (policy !== 'noeviction') {
    throw redisFault({
      code: 'config.unsafe',
      problem: `Redis may evict jobs and records (maxmemory-policy is ${policy})`,
      remedy:
        `Run: ${commandLine(redis)} CONFIG SET maxmemory-policy noeviction — and keep it with: ` +
        `${commandLine(redis)} CONFIG REWRITE — or, where a service manages it, set maxmemory-policy to noeviction there`,
    });
  }
  refuseReplica(info);
  refuseFull(redis, info);
  await requireWritable(redis, createKeys(prefix).nothing, info);
  return { kind, version, notes: durabilityNotes(redis, info) };
}

/** The same, and whether strangers get in: that costs a connection of its own, so it is for those who look rarely. */
export async function checkRedisThoroughly(redis: Redis, prefix: string): Promise<RedisFacts> {
  const facts = await checkRedis(redis, prefix);
  const open = await checkPassword(redis, createKeys(prefix).nothing);
  return open === null ? facts : { ...facts, notes: [...facts.notes, open] };
}

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

/** What REDIS_URL names has been failed over from, or never was the primary: it refuses every write. */
function refuseReplica(info: ServerInfo): void {
  if (info.get('role') !== 'slave') return;
  const primary = `${info.get('master_host')}:${info.get('master_port')}`;
  throw redisFault({
    code: 'ledger.unavailable',
    problem: `Redis is a replica (of ${primary}) and refuses writes`,
    remedy: 'Let REDIS_URL name the primary, or what follows it in a failover',
  });
}

/** A full Redis answers reads and refuses every write: it looks healthy and nothing gets done. */
function refuseFull(redis: Redis, info: ServerInfo): void {
  const [limit, used, uncounted] = ['maxmemory', 'used_memory', 'mem_not_counted_for_evict'].map((field) =>
    Number(info.get(field) ?? 0),
  ) as [number, number, number];
  if (limit === 0 || used - uncounted < limit) return;
  throw redisFault({
    code: 'ledger.unavailable',
    problem: `Redis is full (${used} of ${limit} bytes) and refuses writes`,
    remedy: `Raise its limit: ${commandLine(redis)} CONFIG SET maxmemory BYTES`,
  });
}

const MAKE_ROOM = 'Make room on the disk of its data folder (df -h; CONFIG GET dir)';

/** What would be lost with Redis, or soon will be. Writes that fail are refused by Redis itself, and told before. */
function durabilityNotes(redis: Redis, info: ServerInfo): readonly RedisNote[] {
  const kind = 'redis-not-durable';
  if (info.get('aof_enabled') !== '1') {
    return [
      {
        kind,
        message: 'Redis keeps no append-only file: a restart loses pauses, backoff and history.',
        remedy: `Run: ${commandLine(redis)} CONFIG SET appendonly yes — and keep it with: ${commandLine(redis)} CONFIG REWRITE`,
      },
    ];
  }
  if (info.get('aof_last_bgrewrite_status') === 'err') {
    const message =
      'Redis could not rewrite its append-only file (aof_last_bgrewrite_status is err): the file grows until the disk is full, and then writes stop.';
    return [{ kind, message, remedy: `${MAKE_ROOM}, then run: ${commandLine(redis)} BGREWRITEAOF` }];
  }
  if (info.get('rdb_last_bgsave_status') === 'err') {
    const message =
      'Redis could not write its last snapshot (rdb_last_bgsave_status is err). The append-only file is still written.';
    return [{ kind, message, remedy: `${MAKE_ROOM}, then run: ${commandLine(redis)} BGSAVE` }];
  }
  return [];
}

/** What to type to reach this Redis, without its password. */
function commandLine(redis: Redis): string {
  const { host = '127.0.0.1', port = 6379, tls } = redis.options;
  return `redis-cli -h ${host} -p ${port}${tls === undefined ? '' : ' --tls'}`;
}

const ANSWER_WITHIN_MS = 2_000;

/**
 * Asks, over a connection of its own and without user or password, for a key of ours: what a stranger gets. Null when it is
 * refused, or does not answer.
 */
async function checkPassword(redis: Redis, key: string): Promise<RedisNote | null> {
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

/**
 * Whether Redis takes writes now, by one that changes nothing: INFO does not say whether a failed snapshot stops them
 * (`stop-writes-on-bgsave-error`), nor how many replicas it wants. Throws `ledger.unavailable` with cause and remedy.
 *
 * @param key of ours, so that a user who may only touch our keys may ask; nothing is ever stored there
 */
async function requireWritable(redis: Redis, key: string, info: ServerInfo): Promise<void> {
  try {
    await redis.del(key);
  } catch (error) {
    const entry = refusedEntry(error);
    if (entry === null && !isRefusal(error)) throw error;
    const fault = entry ?? whyRefused(messageOf(error), info);
    throw redisFault({ code: 'ledger.unavailable', ...fault, cause: error });
  }
}

function whyRefused(refusal: string, info: ServerInfo): Pick<RedisFault, 'problem' | 'remedy'> {
  const said = `(Redis said: ${refusal.slice(0, 200)})`;
  if (refusal.startsWith('NOREPLICAS')) {
    return {
      problem: `Redis refuses writes: it has fewer replicas in step than min-replicas-to-write asks for ${said}`,
      remedy: 'Bring the replicas back, or lower min-replicas-to-write',
    };
  }
  if (!refusal.startsWith('MISCONF')) {
    return { problem: `Redis refuses writes ${said}`, remedy: 'See its log' };
  }
  if (info.get('aof_last_write_status') === 'err') {
    return {
      problem: `Redis cannot write its append-only file (aof_last_write_status is err: a full disk?), and refuses writes ${said}`,
      remedy: `${MAKE_ROOM}, or repair what its log names; it then goes on by itself`,
    };
  }
  return {
    problem: `Redis could not write its last snapshot (rdb_last_bgsave_status is ${info.get('rdb_last_bgsave_status') ?? 'unknown'}: a full disk?), and refuses writes (stop-writes-on-bgsave-error) ${said}`,
    remedy: `${MAKE_ROOM}, or repair what its log names, then run BGSAVE`,
  };
}
