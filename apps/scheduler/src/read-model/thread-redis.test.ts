import type { RedisSettings } from '@muster/core/config/model';
import { Secret } from '@muster/core/config/secret';
import { expect, test } from 'vitest';
import { plainRedis, settingsOfPlain } from './thread-redis.ts';

const SENTINELS: RedisSettings = {
  url: new Secret('rediss+sentinel://:pw@a:1,b:2/primary'),
  passwordFile: '/etc/muster/redis-password',
  prefix: 'p',
  tls: { ca: 'CA', client: { cert: 'CERT', key: new Secret('KEY') } },
  sentinelPassword: new Secret('sentinel-pw'),
};

test.each([
  ['a plain server', { url: new Secret('redis://a:1'), prefix: 'p' }],
  ['Sentinels with certificates', SENTINELS],
  ['an authority of its own', { ...SENTINELS, tls: { ca: 'CA', client: null } }],
])('what a connection to %s needs arrives in the other thread', (_, settings: RedisSettings) => {
  const arrived = settingsOfPlain(structuredClone(plainRedis(settings)));

  expect(plainRedis(arrived)).toEqual(plainRedis(settings));
  expect(Object.keys(arrived).toSorted()).toEqual(Object.keys(settings).toSorted());
  expect(arrived.url).toBeInstanceOf(Secret);
});
