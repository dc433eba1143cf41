import { recordingLog } from '@muster/testing/builders';
import { startRedisCluster } from '@muster/testing/redis-cluster';
import { startWatchedRedis } from '@muster/testing/redis-sentinel';
import { makeAuthority, readTls, startTlsRedis, type TestAuthority } from '@muster/testing/redis-tls';
import type { TestRedis } from '@muster/testing/test-redis';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { RedisTls } from '../config/model.ts';
import { Secret } from '../config/secret.ts';
import { createClock } from '../runtime/clock.ts';
import { awaitRedis, closeRedis, createRedis } from './connection.ts';
import { checkRedis } from './server-check.ts';

const clock = createClock();
const KEY = '{muster}:test';
const open: Redis[] = [];
let authority: TestAuthority;
beforeAll(() => {
  authority = makeAuthority();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(closeRedis));
});
afterAll(() => {
  authority.remove();
});

function connect(url: string, tls: RedisTls): Redis {
  const redis = createRedis({
    url: new Secret(url),
    prefix: 'muster',
    profile: 'patient',
    name: 'muster-test',
    log: recordingLog(),
    tls,
  });
  open.push(redis);
  return redis;
}

const KINDS: readonly (readonly [string, () => Promise<TestRedis>])[] = [
  ['one server', () => startTlsRedis({ password: 'pw', authority })],
  ['Sentinels and the servers that they watch', () => startWatchedRedis({ password: 'pw', authority })],
  ['the nodes of a Cluster', () => startRedisCluster({ password: 'pw', authority })],
];

test.each(KINDS)(
  'TLS: %s are known by the authority that is named, and know us by our certificate',
  async (_kind, start) => {
    const server = await start();
    const { ca, client } = readTls(authority.tlsFiles);
    try {
      const whole = connect(server.url, { ca, client });
      await awaitRedis(whole, clock, 10_000);
      await whole.set(KEY, 'written');
      // As BullMQ makes connections of its own.
      const again = whole.duplicate();
      open.push(again);
      expect(await again.get(KEY)).toBe('written');

      const stranger = connect(server.url, { ca, client: null });
      await expect(awaitRedis(stranger, clock, 1_500)).rejects.toMatchObject({
        code: 'ledger.unavailable',
        message: expect.stringContaining(
          'asks for a certificate, and muster.redis.cert_file and key_file name none',
        ),
      });
      const untrusting = connect(server.url, { ca: null, client });
      await expect(awaitRedis(untrusting, clock, 1_500)).rejects.toMatchObject({
        code: 'ledger.unavailable',
        message: expect.stringMatching(/127\.0\.0\.1:\d+: .*certificate/),
      });
    } finally {
      await server.stop();
    }
  },
  60_000,
);

test('what is to be typed has the options of redis-cli for TLS', async () => {
  const server = await startTlsRedis({ authority, appendonly: false });
  try {
    const { notes } = await checkRedis(connect(server.url, readTls(authority.tlsFiles)), 'muster');

    const typed = `redis-cli -h 127.0.0.1 -p ${server.port} --tls --cacert FILE --cert FILE --key FILE CONFIG SET`;
    expect(notes).toContainEqual(
      expect.objectContaining({ kind: 'redis-not-durable', remedy: expect.stringContaining(typed) }),
    );
  } finally {
    await server.stop();
  }
});

test('the port of a Sentinel that speaks TLS is told with the URL that does', async () => {
  const watched = await startWatchedRedis({ authority });
  const [sentinel] = watched.sentinels;
  try {
    const redis = connect(`rediss://127.0.0.1:${sentinel?.port}`, readTls(authority.tlsFiles));

    await expect(awaitRedis(redis, clock, 5_000)).rejects.toMatchObject({
      message: expect.stringContaining('rediss+sentinel://HOST:PORT,HOST:PORT/main'),
    });
  } finally {
    await watched.stop();
  }
}, 60_000);
