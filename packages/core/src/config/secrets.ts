import type { MusterConfig } from './model.ts';
import { readRedisUrl } from './redis-url.ts';
import { Secret } from './secret.ts';

/** The secrets of a configuration by value, for redaction: what must not be printed although it has no recognizable form. */
export function secretsOf(config: MusterConfig): readonly Secret[] {
  return [...redisPasswordsOf(config), ...otherSecretsOf(config)];
}

/** None or one. */
export function redisPasswordsOf({ redis }: Pick<MusterConfig, 'redis'>): readonly Secret[] {
  const password = readRedisUrl(redis.url.reveal())?.password ?? '';
  return password === '' ? [] : [new Secret(password)];
}

/** All but the password of Redis. */
export function otherSecretsOf(config: MusterConfig): readonly Secret[] {
  const externalIds = config.matchers.flatMap(({ role }) =>
    role.kind === 'ambient' || role.externalId === null ? [] : [role.externalId],
  );
  return [
    ...externalIds.filter((text) => text !== '').map((text) => new Secret(text)),
    // Of Redis's URL only the password is one.
    ...secretsIn({ ...config, redis: null }),
  ];
}

function secretsIn(value: unknown): readonly Secret[] {
  if (value instanceof Secret) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsIn) : [];
}
