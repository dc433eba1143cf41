import type { Redis } from 'ioredis';
import type { Logger } from '../runtime/logger-port.ts';
import { createKeys } from './keys.ts';
import { checkPassword } from './password-check.ts';
import { redisFault } from './redis-fault.ts';
import { readServerInfo, requireOnePrimary, type ServerInfo } from './server-info.ts';
import { requireWritable } from './write-check.ts';

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
