import type { Redis } from 'ioredis';

/** Kinds of what is allowed and unwise about a Redis, and what a running process can only tell. Each is a finding. */
export const REDIS_NOTE_KINDS = [
  'redis-rights-missing',
  'redis-login-refused',
  'redis-without-password',
  'redis-not-durable',
  'redis-min-replicas',
] as const;

/** One of them, of this Redis. */
export interface RedisNote {
  readonly kind: (typeof REDIS_NOTE_KINDS)[number];
  readonly message: string;
  readonly remedy: string;
}

/** What to type to reach this Redis, without its password; FILE where `muster.redis` names one. */
export function commandLine(redis: Redis): string {
  const { host = '127.0.0.1', port = 6379, tls } = redis.options;
  const words = [
    `redis-cli -h ${host} -p ${port}`,
    ...(tls === undefined ? [] : ['--tls']),
    ...(tls?.ca === undefined ? [] : ['--cacert FILE']),
    ...(tls?.cert === undefined ? [] : ['--cert FILE --key FILE']),
  ];
  return words.join(' ');
}

/** What to do about a disk that takes nothing more. */
export const MAKE_ROOM = 'Make room on the disk of its data folder (df -h; CONFIG GET dir)';
