import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { findRedisBinary, type RedisServer, startRedis } from '@muster/testing/redis-server';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Secret } from '../config/secret.ts';
import { isJobError, type JobError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger-port.ts';
import { createClock } from '../runtime/clock.ts';
import { awaitRedis, closeRedis, createRedis, type RedisProfile } from './connection.ts';
import { checkRedis } from './server-check.ts';

const clock = createClock();
const logged: string[] = [];
const log: Logger = {
  debug: (_fields, message) => void logged.push(message),
  info: (_fields, message) => void logged.push(message),
  warn: (_fields, message) => void logged.push(message),
  error: (_fields, message) => void logged.push(message),
  child: () => log,
};
let server: RedisServer;
const open: Redis[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(closeRedis));
  logged.length = 0;
});
afterAll(() => server.stop());

function connect(profile: RedisProfile, url: string = server.url): Redis {
  const redis = createRedis({ url: new Secret(url), prefix: 'test', profile, name: 'muster-test', log });
  open.push(redis);
  return redis;
}

async function thrownBy(work: () => unknown): Promise<JobError> {
  try {
    await work();
  } catch (error) {
    if (isJobError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('a fail-fast command is refused at once while Redis is away', async () => {
  const away = await startRedis();
  const redis = connect('fail-fast', away.url);
  await awaitRedis(redis, clock, 5_000);
  await away.stop();
  const startedAt = clock.now();

  await expect(redis.get('x')).rejects.toThrow(/isn't writeable/);

  expect(clock.now() - startedAt).toBeLessThan(1_000);
});

test('a patient command waits for Redis to come back, and the loss is logged once', async () => {
  const first = await startRedis();
  const redis = connect('patient', first.url);
  await redis.set('x', '1');
  await first.stop();

  const answer = redis.ping();
  await clock.sleep(700);
  const second = await startRedis({ port: first.port });

  await expect(answer).resolves.toBe('PONG');
  expect(logged).toEqual(['redis is not reachable', 'redis is reachable again']);
  await second.stop();
});

test('waiting for a Redis that never comes ends in ledger.unavailable', async () => {
  const away = await startRedis();
  await away.stop();

  const error = await thrownBy(() => awaitRedis(connect('patient', away.url), clock, 200));

  expect(error.code).toBe('ledger.unavailable');
  expect(error.message).toContain('ECONNREFUSED');
});

test.each(['', ':wrong@'])(
  'waiting for a Redis that refuses the credentials "%s" says so',
  async (credentials) => {
    await connect('patient').config('SET', 'requirepass', 'right');

    const url = server.url.replace('//', `//${credentials}`);
    const error = await thrownBy(() => awaitRedis(connect('fail-fast', url), clock, 300));

    await connect('patient', server.url.replace('//', '//:right@')).config('SET', 'requirepass', '');
    expect(error.code).toBe('ledger.unavailable');
    expect(error.message).toMatch(/^Redis (asks for a password|does not take).*(NOAUTH|WRONGPASS)/);
    expect(error.message).toContain('muster.redis.password_file');
    expect(logged).toContain('redis does not let us in');
  },
);

test('a database that Redis does not have is refused: its commands would go to database 0', async () => {
  const error = await thrownBy(() => awaitRedis(connect('fail-fast', `${server.url}/99`), clock, 2_000));

  expect(error.code).toBe('config.invalid');
  expect(error.message).toContain('database 99');
  await expect(awaitRedis(connect('fail-fast', `${server.url}/3`), clock, 2_000)).resolves.toBeUndefined();
});

test('closing does not hang while Redis is away', async () => {
  const away = await startRedis();
  const redis = connect('patient', away.url);
  await redis.ping();
  await away.stop();
  await nextTurn();

  await expect(closeRedis(redis)).resolves.toBeUndefined();
  await expect(closeRedis(redis)).resolves.toBeUndefined();
});

test.each(['', 'localhost:6379', 'http://localhost:6379', 'redis://'])(
  'the URL "%s" is refused without repeating it',
  async (url) => {
    const error = await thrownBy(() => connect('patient', url));

    expect(error.code).toBe('config.invalid');
    expect(error.message).toContain('redis://host:6379');
  },
);

test('a rediss:// URL speaks TLS', async () => {
  const redis = connect('patient', server.url.replace('redis:', 'rediss:'));

  expect(redis.options.tls).toBeTruthy();
  await expect(awaitRedis(redis, clock, 100)).rejects.toThrow('not reachable');
});

test('a Redis as it should be passes without a note', async () => {
  const redis = connect('patient');
  await redis.ping();

  const facts = await checkRedis(redis, 'test');

  expect(facts).toEqual({
    kind: expect.stringMatching(/^(redis|valkey)$/) as string,
    version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    notes: [],
    untold: [],
  });
});

test('a Redis that may evict is refused, and the stated command mends it', async () => {
  const redis = connect('patient');
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');

  const error = await thrownBy(() => checkRedis(redis, 'test'));

  const { hostname, port } = new URL(server.url);
  const fix = `redis-cli -h ${hostname} -p ${port} CONFIG SET maxmemory-policy noeviction`;
  expect(error).toMatchObject({
    code: 'config.unsafe',
    retry: 'never',
    details: { remedy: expect.stringContaining(fix) as string },
  });
  expect(error.message).toContain(fix);
  await redis.config('SET', 'maxmemory-policy', 'noeviction');
  await expect(checkRedis(redis, 'test')).resolves.toMatchObject({ notes: [] });
});

test('a Redis without an append-only file is a note', async () => {
  const redis = connect('patient');
  await redis.config('SET', 'appendonly', 'no');

  const { notes } = await checkRedis(redis, 'test');

  expect(notes).toEqual([
    {
      kind: 'redis-not-durable',
      message: expect.stringContaining('no append-only file') as string,
      remedy: expect.stringContaining('CONFIG SET appendonly yes') as string,
    },
  ]);
  await redis.config('SET', 'appendonly', 'yes');
});

test('a Redis that is away is unavailable, not unsafe', async () => {
  const away = await startRedis();
  await away.stop();

  const error = await thrownBy(() => checkRedis(connect('fail-fast', away.url), 'test'));

  expect(error.code).toBe('ledger.unavailable');
});

/** The server of `folder` anew, so slow at loading that it takes seconds; it answers INFO meanwhile. */
function startLoading(folder: string, port: number): ChildProcess {
  const slow = ['--key-load-delay', '200', '--loading-process-events-interval-bytes', '1024'];
  const place = ['--dir', folder, '--port', `${port}`, '--bind', '127.0.0.1', '--appendonly', 'no'];
  return spawn(findRedisBinary() ?? '', [...place, ...slow], { stdio: 'ignore' });
}

test('a Redis that loads its data is told so, waited for, and used when it is done', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-loading-'));
  const before = await startRedis({ dir: folder, appendonly: false });
  const filling = connect('patient', before.url);
  await filling.eval("for i = 1, 20000 do redis.call('SET', 'key' .. i, i) end", 0);
  await filling.save();
  await Promise.all(open.splice(0).map(closeRedis));
  await before.stop();
  logged.length = 0;

  const loading = startLoading(folder, before.port);
  const ended = once(loading, 'exit');
  try {
    const redis = connect('patient', before.url);
    const error = await thrownBy(() => awaitRedis(redis, clock, 2_000));
    await awaitRedis(redis, clock, 20_000);

    expect(error).toMatchObject({ code: 'ledger.unavailable', details: { loading: true } });
    expect(error.message).toMatch(/^Redis is still loading its data after 2000 ms: try again/);
    expect(await redis.get('key7')).toBe('7');
    expect(logged.at(-1)).toBe('redis is reachable again');
  } finally {
    await Promise.all(open.splice(0).map(closeRedis));
    loading.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  }
}, 40_000);
