import type { Redis } from 'ioredis';
import { messageOf } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger-port.ts';
import { durabilityNotes } from './durability.ts';
import { createKeys } from './keys.ts';
import { askAsNewClient } from './new-client.ts';
import { isDenial, isRefusal, type RedisFault, redisFault, refusedEntry } from './redis-fault.ts';
import { commandLine, MAKE_ROOM, type RedisNote } from './redis-note.ts';
import { readServerInfo, requireHistory, requireOnePrimary, type ServerInfo } from './server-info.ts';

/** Facts about a Redis that passed the check. */
export interface RedisFacts {
  readonly kind: 'redis' | 'valkey';
  /** Such as `7.2.5`. */
  readonly version: string;
  readonly notes: readonly RedisNote[];
  /** Settings that this Redis does not tell, so that they could not be checked. */
  readonly untold: readonly string[];
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
  requireHistory(info);
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
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
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
  const untold = Object.entries(TOLD_BY)
    .filter(([, field]) => !info.has(field))
    .map(([setting]) => setting);
  return { kind, version, notes: durabilityNotes(redis, info), untold };
}

/** Settings that are checked, and the fields of INFO that tell them. A service may leave some out. */
const TOLD_BY = {
  'maxmemory-policy': 'maxmemory_policy',
  maxmemory: 'maxmemory',
  appendonly: 'aof_enabled',
  'min-replicas-to-write': 'connected_slaves',
} as const;

/**
 * The same, and what only a new connection finds out (`askAsNewClient`): that costs two of them, so it is for those who look
 * rarely.
 */
export async function checkRedisThoroughly(redis: Redis, prefix: string): Promise<RedisFacts> {
  const facts = await checkRedis(redis, prefix).catch(async (error: unknown) => {
    // Where one right is missing, others may be too.
    if (isDenial(error)) await requireRights(redis, prefix);
    throw error;
  });
  const asked = await askAsNewClient(redis, prefix, createKeys(prefix).nothing);
  return { ...facts, notes: [...asked, ...facts.notes] };
}

/** Throws `config.unsafe`, with the commands and the rule to add, where the Redis user lacks a right. */
export async function requireRights(redis: Redis, prefix: string): Promise<void> {
  refuseMissingRights(await askAsNewClient(redis, prefix, createKeys(prefix).nothing));
}

function refuseMissingRights(notes: readonly RedisNote[]): void {
  const missing = notes.find(({ kind }) => kind === 'redis-rights-missing');
  if (missing === undefined) return;
  const [problem, remedy] = [missing.message, missing.remedy].map((text) => text.replace(/\.$/, ''));
  throw redisFault({ code: 'config.unsafe', problem: problem ?? '', remedy: remedy ?? '' });
}

/**
 * Waits until Redis answers and refuses one that cannot do the work. `redis` is patient, so that a Redis which starts later
 * than we do is waited for. Throws as `checkRedis` does.
 */
export async function requireSafeRedis(redis: Redis, prefix: string, log: Logger): Promise<void> {
  const facts = await checkRedisThoroughly(redis, prefix);
  refuseMissingRights(facts.notes);
  if (facts.untold.length > 0) {
    log.warn({ settings: facts.untold }, 'redis does not tell all of its settings');
  }
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
