import { recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { type RedisServer, startRedis } from '@muster/testing/redis-server';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Secret } from '../config/secret.ts';
import { createClock } from '../runtime/clock.ts';
import { awaitRedis, closeRedis, createRedis, type RedisProfile } from './connection.ts';
import { isRefusal } from './redis-fault.ts';
import { checkRedis } from './server-check.ts';

/** A Redis that answers, and refuses: it is full, or has become a replica. */
const clock = createClock();
const open: Redis[] = [];
let server: RedisServer;
/** Past everything of ours that reconnects or waits. */
let operator: Redis;

beforeAll(async () => {
  server = await startRedis();
});
beforeEach(async () => {
  operator = await connect('fail-fast');
});
afterEach(async () => {
  await operator.call('REPLICAOF', 'NO', 'ONE');
  await operator.config('SET', 'maxmemory', '0');
  await Promise.all(open.splice(0).map(closeRedis));
});
afterAll(() => server.stop());

async function connect(profile: RedisProfile): Promise<Redis> {
  const redis = createRedis({
    url: new Secret(server.url),
    prefix: 'test',
    profile,
    name: 'muster-test',
    log: recordingLog(),
  });
  open.push(redis);
  await awaitRedis(redis, clock, 5_000);
  return redis;
}

/** How long a command took to be refused. */
async function refusedAfterMs(work: Promise<unknown>, reason: RegExp): Promise<number> {
  const startedAtMs = clock.now();
  await expect(work).rejects.toThrow(reason);
  return clock.now() - startedAtMs;
}

test('what a full Redis refuses fails slowly for the patient, so that no loop spins, and at once where a person waits', async () => {
  const [patient, hasty] = [await connect('patient'), await connect('fail-fast')];
  await operator.config('SET', 'maxmemory', '100');

  expect(await refusedAfterMs(patient.set('a', '1'), /^OOM /)).toBeGreaterThanOrEqual(950);
  expect(await refusedAfterMs(hasty.set('a', '1'), /^OOM /)).toBeLessThan(500);
});

test('a transaction that a full Redis refuses is told from one that is wrong', async () => {
  const hasty = await connect('fail-fast');
  await operator.config('SET', 'maxmemory', '100');

  const refused = await hasty
    .multi()
    .set('a', '1')
    .exec()
    .then(
      () => null,
      (error: unknown) => error,
    );

  expect(isRefusal(refused)).toBe(true);
});

test('a command that is wrong by itself fails at once on every connection', async () => {
  const patient = await connect('patient');
  await patient.set('text', 'no list');

  expect(await refusedAfterMs(patient.lpush('text', '1'), /^WRONGTYPE /)).toBeLessThan(500);
});

test.each(['patient', 'fail-fast'] as const)(
  'a %s connection to a primary that became a replica is made anew: its name may lead elsewhere by now',
  async (profile) => {
    const redis = await connect(profile);
    const before = await redis.client('ID');
    await operator.call('REPLICAOF', '127.0.0.1', '1');

    await refusedAfterMs(redis.set('a', '1'), /^READONLY /);

    await eventually('it is another connection', async () => {
      return (await redis.client('ID').catch(() => before)) !== before;
    });
    await operator.call('REPLICAOF', 'NO', 'ONE');
    expect(await redis.set('a', '1')).toBe('OK');
  },
);

test('a replica does not pass the check, and its primary is named', async () => {
  await operator.call('REPLICAOF', '127.0.0.1', '1');

  await expect(checkRedis(operator, 'test')).rejects.toMatchObject({
    code: 'ledger.unavailable',
    message: expect.stringContaining('replica (of 127.0.0.1:1)') as string,
  });
});

test('parting from a Redis that says nothing takes moments, not its silence', async () => {
  const redis = await connect('patient');
  const startedAtMs = clock.now();
  process.kill(server.pid, 'SIGSTOP');
  try {
    await closeRedis(redis);
  } finally {
    process.kill(server.pid, 'SIGCONT');
  }

  expect(clock.now() - startedAtMs).toBeLessThan(4_000);
});
