import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { createConfigRedactor } from './config-redactor.ts';
import type { MusterConfig } from './model.ts';
import { Secret } from './secret.ts';

function withExternalId(externalId: string): MusterConfig {
  return parsedSystemConfig({ ...OFFLINE_FACTS, externalId }, {});
}

test('a secret that is taken up while the process runs is taken out of texts, and the one before it still is', () => {
  const { redact, learn } = createConfigRedactor(withExternalId('blue-horse-1'));
  expect(redact('blue-horse-1 red-horse-2')).toBe('[redacted] red-horse-2');

  learn({ kind: 'valid', config: withExternalId('red-horse-2'), restart: [] });

  expect(redact('blue-horse-1 red-horse-2')).toBe('[redacted] [redacted]');
});

test('of passwords of Redis that change every few minutes the last few are taken out of texts', () => {
  const config = withExternalId('blue-horse-1');
  const { redact, learn } = createConfigRedactor(config);

  for (let n = 1; n <= 1_000; n += 1) {
    const url = new Secret(`redis://muster:token-${n}-of-redis@redis`);
    learn({ kind: 'redis-password', config: { ...config, redis: { ...config.redis, url } } });
  }

  const hidden = Array.from({ length: 1_000 }, (_, at) => at + 1).filter(
    (n) => redact(`token-${n}-of-redis`) === '[redacted]',
  );
  expect(hidden).toEqual([993, 994, 995, 996, 997, 998, 999, 1_000]);
  expect(redact('blue-horse-1')).toBe('[redacted]');
});
