import type { Redis } from 'ioredis';
import { commandLine, MAKE_ROOM, type RedisNote } from './redis-note.ts';
import type { ServerInfo } from './server-info.ts';

/** What would be lost with this Redis, or soon will be. Writes that fail are refused by Redis itself, and told elsewhere. */
export function durabilityNotes(redis: Redis, info: ServerInfo): readonly RedisNote[] {
  return [...fileNotes(redis, info), ...replicaNotes(redis, info)];
}

function fileNotes(redis: Redis, info: ServerInfo): readonly RedisNote[] {
  const kind = 'redis-not-durable';
  const appends = info.get('aof_enabled');
  // A service that does not say is not asked twice a minute for ever.
  if (appends === undefined) return [];
  if (appends !== '1') {
    return [
      {
        kind,
        message: 'Redis keeps no append-only file: a restart loses pauses, backoff and history.',
        remedy: `Run: ${commandLine(redis)} CONFIG SET appendonly yes — and keep it with: ${commandLine(redis)} CONFIG REWRITE — or, where a service manages it and keeps its data in another way, mute this: muster findings mute ${kind} (docs/redis.md)`,
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

/** INFO has `min_slaves_good_slaves` only where both settings are set: `genRedisInfoString` of Redis 6.2 to 8, and of Valkey (read 2026-11). */
function replicaNotes(redis: Redis, info: ServerInfo): readonly RedisNote[] {
  const replicas = Number(info.get('connected_slaves') ?? 0);
  if (replicas === 0 || info.has('min_slaves_good_slaves')) return [];
  const set = `${commandLine(redis)} CONFIG SET min-replicas-to-write 1`;
  const setting = `Run on every server: ${set} — and keep it with CONFIG REWRITE, or, where a service manages it, set min-replicas-to-write there`;
  return [
    {
      kind: 'redis-min-replicas',
      message: `Redis has ${replicas === 1 ? 'a replica' : `${replicas} replicas`} and takes writes that none of them has (min-replicas-to-write is 0): a primary that is cut off goes on alone, and what it took, pauses too, is lost in the failover.`,
      remedy:
        replicas === 1
          ? `Add a second replica first, since with one alone this setting stops all writes while one of the two servers is away. ${setting}`
          : setting,
    },
  ];
}
