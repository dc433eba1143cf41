import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { createConfigRedactor } from './config-redactor.ts';
import type { MusterConfig } from './model.ts';

function withExternalId(externalId: string): MusterConfig {
  return parsedSystemConfig({ ...OFFLINE_FACTS, externalId }, {});
}

test('a secret that is taken up while the process runs is taken out of texts, and the one before it still is', () => {
  const { redact, learn } = createConfigRedactor(withExternalId('blue-horse-1'));
  expect(redact('blue-horse-1 red-horse-2')).toBe('[redacted] red-horse-2');

  learn(withExternalId('red-horse-2'));

  expect(redact('blue-horse-1 red-horse-2')).toBe('[redacted] [redacted]');
});
