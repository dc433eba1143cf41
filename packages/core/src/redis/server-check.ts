import type { Redis } from 'ioredis';
import { JobError, messageOf } from '../domain/errors.ts';

/** Facts about a Redis that passed the check. */
export interface RedisFacts {
  readonly kind: 'redis' | 'valkey';
  /** Such as `7.2.5`. */
  readonly version: string;
  /** What is allowed but unwise, each with its remedy. */
  readonly notes: readonly string[];
}

/** Oldest Redis we run on: what BullMQ recommends, and the first with every command of our scripts. */
const OLDEST_REDIS = [6, 2] as const;

/**
 * Refuses a Redis that would lose jobs. Throws `config.unsafe`, with the command that fixes it, when it may evict keys
 * or is older than 6.2, and `ledger.unavailable` when it does not answer, is full or a replica. Asks only INFO: managed
 * services refuse CONFIG.
 */
export async function checkRedis(redis: Redis): Promise<RedisFacts> {
  const info = await readInfo(redis);
  const kind = info.has('valkey_version') ? 'valkey' : 'redis';
  const version = info.get(`${kind}_version`) ?? 'unknown';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const tooOld = major < OLDEST_REDIS[0] || (major === OLDEST_REDIS[0] && minor < OLDEST_REDIS[1]);
  if (kind === 'redis' && tooOld) {
    throw new JobError('config.unsafe', `Redis ${version} is too old: 6.2 or newer (or Valkey) is needed`, {
      retry: 'never',
      details: { version },
    });
  }
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  if (policy !== 'noeviction') {
    const fix = `${commandLine(redis)} CONFIG SET maxmemory-policy noeviction`;
    throw new JobError(
      'config.unsafe',
      `Redis may evict jobs and records (maxmemory-policy is ${policy}). Run: ${fix} — and keep it with: ` +
        `${commandLine(redis)} CONFIG REWRITE — or, where a service manages it, set maxmemory-policy to noeviction there`,
      { retry: 'never', details: { policy, fix } },
    );
  }
  refuseReplica(info);
  refuseFull(redis, info);
  return { kind, version, notes: info.get('aof_enabled') === '1' ? [] : [noAppendOnlyFile(redis)] };
}

/** So does a replica: what REDIS_URL names has been failed over from, or never was the primary. */
function refuseReplica(info: ReadonlyMap<string, string>): void {
  if (info.get('role') !== 'slave') return;
  const primary = `${info.get('master_host')}:${info.get('master_port')}`;
  throw new JobError(
    'ledger.unavailable',
    `Redis is a replica (of ${primary}) and refuses writes. Let REDIS_URL name the primary, or what follows it in a failover`,
    { retry: 'backoff', details: { primary } },
  );
}

/** A full Redis answers reads and refuses every write: it looks healthy and nothing gets done. */
function refuseFull(redis: Redis, info: ReadonlyMap<string, string>): void {
  const [limit, used, uncounted] = ['maxmemory', 'used_memory', 'mem_not_counted_for_evict'].map((field) =>
    Number(info.get(field) ?? 0),
  ) as [number, number, number];
  if (limit === 0 || used - uncounted < limit) return;
  throw new JobError(
    'ledger.unavailable',
    `Redis is full (${used} of ${limit} bytes) and refuses writes. Raise its limit: ${commandLine(redis)} CONFIG SET maxmemory BYTES`,
    { retry: 'backoff', details: { used, limit } },
  );
}

function noAppendOnlyFile(redis: Redis): string {
  return (
    'Redis keeps no append-only file: a restart loses pauses, backoff and history. ' +
    `Run: ${commandLine(redis)} CONFIG SET appendonly yes — and keep it with: ${commandLine(redis)} CONFIG REWRITE`
  );
}

/** What to type to reach this Redis, without its password. */
function commandLine(redis: Redis): string {
  const { host = '127.0.0.1', port = 6379, tls } = redis.options;
  return `redis-cli -h ${host} -p ${port}${tls === undefined ? '' : ' --tls'}`;
}

async function readInfo(redis: Redis): Promise<Map<string, string>> {
  let text: string;
  try {
    text = await redis.info();
  } catch (error) {
    throw new JobError('ledger.unavailable', `Redis did not answer: ${messageOf(error)}`, {
      retry: 'backoff',
      cause: error,
    });
  }
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
