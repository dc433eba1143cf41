import { recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { startWatchedRedis, type WatchedRedis } from '@muster/testing/redis-sentinel';
import type { Redis } from 'ioredis';
import { afterEach, beforeAll, afterAll, expect, test } from 'vitest';
import { Secret } from '../config/secret.ts';
import { createClock } from '../runtime/clock.ts';
import { awaitRedis, closeRedis, createRedis, type RedisOptions } from './connection.ts';
import { checkRedisThoroughly } from './server-check.ts';

const clock = createClock();
const KEY = '{muster}:test';
const open: Redis[] = [];
let watched: WatchedRedis;

beforeAll(async () => {
  watched = await startWatchedRedis({ password: 'pw', sentinelPassword: 'sentinel-pw' });
}, 60_000);
afterEach(async () => {
  await Promise.all(open.splice(0).map(closeRedis));
});
afterAll(() => watched.stop());

function connect(url: string, more: Partial<RedisOptions> = {}): Redis {
  const redis = createRedis({
    url: new Secret(url),
    prefix: 'muster',
    profile: 'patient',
    name: 'muster-test',
    log: recordingLog(),
    ...more,
  });
  open.push(redis);
  return redis;
}

const sentinelPassword = new Secret('sentinel-pw');

async function portOf(redis: Redis): Promise<number> {
  return Number(/tcp_port:(\d+)/.exec(await redis.info('server'))?.[1]);
}

test('a connection leads to the primary that Sentinels name, and after a failover to the new one', async () => {
  const patient = connect(watched.url, { sentinelPassword });
  const hasty = connect(watched.url, { sentinelPassword, profile: 'fail-fast' });
  for (const redis of [patient, hasty]) await awaitRedis(redis, clock, 10_000);
  await expect(checkRedisThoroughly(patient, 'muster')).resolves.toMatchObject({
    notes: [{ kind: 'redis-min-replicas', remedy: expect.stringContaining('a second replica first') }],
  });
  const [primary, replica] = watched.servers;
  expect(await portOf(patient)).toBe(primary.port);
  await patient.set(KEY, 'written before');
  await patient.wait(1, 2_000);

  process.kill(primary.pid, 'SIGKILL');
  // It waits for the failover, which takes a second or two, and is not lost.
  await patient.set(KEY, 'written in the failover');

  expect(await portOf(patient)).toBe(replica.port);
  // It fails at once while it looks for the new primary, and may do so more than once.
  await eventually('the other connection reads there too', async () => {
    const [port, text] = await Promise.all([portOf(hasty), hasty.get(KEY)]).catch(() => [0, null]);
    return port === replica.port && text === 'written in the failover';
  });
}, 30_000);

test.each([
  [
    'a wrong password',
    {},
    { sentinelPassword: new Secret('wrong') },
    /Sentinels do not take.*sentinel_password_file/,
  ],
  ['no password', {}, {}, /Sentinels ask for a password.*sentinel_password_file/],
  ['another name', { name: '/other' }, { sentinelPassword }, /end with the name.*SENTINEL MASTERS/],
])(
  'what Sentinels refuse is told with its remedy: %s',
  async (_what, { name = '/main' }: { readonly name?: string }, more, words) => {
    const redis = connect(watched.url.replace('/main', name), { ...more, profile: 'fail-fast' });

    await expect(awaitRedis(redis, clock, 2_000)).rejects.toMatchObject({
      code: 'ledger.unavailable',
      message: expect.stringMatching(words),
    });
  },
);

test('while all Sentinels are away, a check of the primary that is connected ends all the same', async () => {
  const alone = await startWatchedRedis();
  try {
    const redis = connect(alone.url, { profile: 'fail-fast' });
    await awaitRedis(redis, clock, 10_000);
    await Promise.all(alone.sentinels.map((sentinel) => sentinel.end()));

    await expect(checkRedisThoroughly(redis, 'muster')).resolves.toMatchObject({ kind: 'redis' });
  } finally {
    await alone.stop();
  }
}, 30_000);

test('the port of a Sentinel is no Redis, and the error says how to name it', async () => {
  const [sentinel] = watched.sentinels;
  const redis = connect(`redis://:sentinel-pw@127.0.0.1:${sentinel?.port}`);

  await expect(awaitRedis(redis, clock, 5_000)).rejects.toMatchObject({
    code: 'config.unsafe',
    message: expect.stringContaining('redis+sentinel://HOST:PORT,HOST:PORT/main'),
  });
});
