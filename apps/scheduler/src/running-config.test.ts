import { Secret } from '@muster/core/config/secret';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { createRunningConfig } from './running-config.ts';

test('another password of Redis is no other configuration, and is taken out of texts', () => {
  const config = parsedSystemConfig(OFFLINE_FACTS, {});
  const running = createRunningConfig(config, { now: () => 1 });
  const url = new Secret('redis://muster:token-of-redis@redis');

  const isOther = running.takeUp({
    kind: 'redis-password',
    config: { ...config, redis: { ...config.redis, url } },
  });

  expect([isOther, running.current(), running.takenUpAtMs()]).toEqual([false, config, null]);
  expect(running.redact('AUTH token-of-redis')).toBe('AUTH [redacted]');
});
