/** Redis servers that answer and cannot do the work: of the wrong kind, or with a disk that takes nothing more. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import {
  findRedisBinary,
  limitFiles,
  type RedisServer,
  type RedisServerOptions,
  startRedis,
} from '@muster/testing/redis-server';
import { startReplica } from '@muster/testing/redis-replica';
import type { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { Secret } from '../config/secret.ts';
import { createRedisLedger } from '../control/ledger.ts';
import { reportRedisNotes } from './redis-findings.ts';
import { createClock } from '../runtime/clock.ts';
import { awaitRedis, closeRedis, createRedis } from './connection.ts';
import { checkRedis, checkRedisThoroughly } from './server-check.ts';

const clock = createClock();
const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).toReversed()) await close();
});

async function server(options: RedisServerOptions = {}): Promise<RedisServer> {
  const started = await startRedis(options);
  toClose.push(() => started.stop());
  return started;
}

function connect(url: string): Redis {
  const redis = createRedis({
    url: new Secret(url),
    prefix: 'test',
    profile: 'fail-fast',
    name: 'muster-test',
    log: recordingLog(),
  });
  toClose.push(() => closeRedis(redis));
  return redis;
}

async function ready(url: string): Promise<Redis> {
  const redis = connect(url);
  await awaitRedis(redis, clock, 5_000);
  return redis;
}

/** Past what `awaitRedis` refuses. */
async function isReady(redis: Redis): Promise<void> {
  await eventually('the connection is up', () => redis.status === 'ready');
}

/** A Sentinel wants a file that it may write to. */
async function startSentinel(primaryPort: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-sentinel-'));
  const port = primaryPort + 1;
  const file = join(folder, 'sentinel.conf');
  writeFileSync(
    file,
    `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor main 127.0.0.1 ${primaryPort} 1\n`,
  );
  const child = spawn(findRedisBinary() ?? '', [file, '--sentinel'], { stdio: 'ignore' });
  toClose.push(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  });
  return `redis://127.0.0.1:${port}`;
}

test('a Sentinel is refused where the URL names one server, with the URL to write', async () => {
  const primary = await server();
  const url = await startSentinel(primary.port);

  const redis = connect(url);
  await isReady(redis);

  const refused = {
    code: 'config.unsafe',
    message: expect.stringContaining(`(it watches 127.0.0.1:${primary.port})`) as string,
  };
  await expect(checkRedis(redis, 'test')).rejects.toMatchObject(refused);
  await expect(awaitRedis(redis, clock, 5_000)).rejects.toMatchObject(refused);
});

test('an append-only file that cannot be written stops all writes: the check, the findings and the status say so, until there is room', async () => {
  const full = await server({ largestFileBytes: 64 * 1024 });
  const redis = await ready(full.url);
  const ledger = createRedisLedger({ redis, prefix: 'test', log: recordingLog() });
  await redis.set('filling', 'x'.repeat(200_000));
  await eventually('Redis refuses writes', async () => {
    return redis.set('a', '1').then(
      () => false,
      () => true,
    );
  });

  const refused = {
    code: 'ledger.unavailable',
    message: expect.stringMatching(/append-only file \(aof_last_write_status is err.*Make room/s) as string,
  };
  await expect(checkRedis(redis, 'test')).rejects.toMatchObject(refused);
  const [finding] = await ledger.control.findings();
  expect(finding).toMatchObject({ kind: 'redis-refuses-writes', scope: 'all' });
  expect(finding?.remedy).toContain('df -h');

  limitFiles(full, null);
  await eventually('Redis takes writes again', async () => {
    return checkRedis(redis, 'test').then(
      () => true,
      () => false,
    );
  });
  expect(await ledger.control.findings()).toEqual([]);
});

test('a snapshot that cannot be written stops writes where Redis is told so, and is a finding where it is not', async () => {
  const full = await server({
    settings: { save: '3600 1' },
    // So that a write that is too large fails instead of ending the process.
    largestFileBytes: 2 ** 30,
  });
  const redis = await ready(full.url);
  const ledger = createRedisLedger({ redis, prefix: 'test', log: recordingLog() });
  await redis.set('filling', randomBytes(200_000));
  limitFiles(full, 4096);
  await redis.bgsave();
  await eventually('the snapshot has failed', async () =>
    /rdb_last_bgsave_status:err/.test(await redis.info('persistence')),
  );
  limitFiles(full, null);

  await expect(checkRedis(redis, 'test')).rejects.toMatchObject({
    code: 'ledger.unavailable',
    message: expect.stringMatching(/last snapshot \(rdb_last_bgsave_status is err.*BGSAVE/s) as string,
  });
  await redis.config('SET', 'stop-writes-on-bgsave-error', 'no');
  await reportRedisNotes(ledger.control, redis, 'test', 1_000);
  const kinds = (await ledger.control.findings()).map(({ kind }) => kind);
  expect(kinds.toSorted()).toEqual(['redis-not-durable', 'redis-without-password']);

  await redis.bgsave();
  await eventually('the snapshot is written', async () =>
    /rdb_last_bgsave_status:ok/.test(await redis.info('persistence')),
  );
  await reportRedisNotes(ledger.control, redis, 'test', 2_000);
  expect(await ledger.control.findings()).toMatchObject([{ kind: 'redis-without-password', sinceMs: 1_000 }]);
});

test('a primary that wants more replicas than it has says so', async () => {
  const { url } = await server({ settings: { 'min-replicas-to-write': '1' } });

  await expect(checkRedis(await ready(url), 'test')).rejects.toMatchObject({
    code: 'ledger.unavailable',
    message: expect.stringContaining('min-replicas-to-write') as string,
  });
});

test('a Redis without a password is noted, one with a password is not, by whatever way it is given', async () => {
  const open = await server();
  const closed = await server({ password: 'a' });
  const acl = await server();
  const operator = await ready(acl.url);
  await operator.call('ACL', 'SETUSER', 'muster', 'on', '>secret', '+@all', '~{test}:*');
  await operator.call('ACL', 'SETUSER', 'default', 'off');

  const notes = await Promise.all(
    [open.url, closed.url, `redis://muster:secret@127.0.0.1:${acl.port}`].map(async (url) => {
      return (await checkRedisThoroughly(await ready(url), 'test')).notes.map(({ kind }) => kind);
    }),
  );

  expect(notes).toEqual([['redis-without-password'], [], []]);
});

test('a finding of a password goes when there is one, and another says who has not heard of it', async () => {
  const { url } = await server();
  const redis = await ready(url);
  const { control } = createRedisLedger({ redis, prefix: 'test', log: recordingLog() });
  await reportRedisNotes(control, redis, 'test', 1_000);
  const before = await control.findings();

  await redis.config('SET', 'requirepass', 'now');
  await reportRedisNotes(control, redis, 'test', 2_000);

  expect(before).toMatchObject([
    { kind: 'redis-without-password', remedy: expect.stringContaining('password_file') as string },
  ]);
  expect((await control.findings()).map(({ kind }) => kind)).toEqual(['redis-login-refused']);
});

test('a Redis without CONFIG passes: nothing of the check needs it', async () => {
  const managed = await server({
    password: 'pw',
    settings: { 'rename-command': ['CONFIG', ''] },
  });
  const redis = await ready(managed.url);
  await expect(redis.config('GET', 'maxmemory')).rejects.toThrow(/unknown command/i);

  const facts = await checkRedisThoroughly(redis, 'test');

  expect(facts).toMatchObject({ notes: [], untold: [] });
});

test('a primary whose replicas need not have its writes is a note, one that waits for them is not', async () => {
  const primary = await server({ password: 'pw' });
  const [one, two] = await Promise.all([startReplica(primary, 'pw'), startReplica(primary, 'pw')]);
  toClose.push(
    () => one.stop(),
    () => two.stop(),
  );
  const redis = await ready(primary.url);
  const replicas = async (count: number): Promise<void> => {
    await eventually(`${count} replicas are in step`, async () => {
      const info = await redis.info('replication');
      return (info.match(/state=online/g) ?? []).length === count;
    });
  };
  await replicas(2);

  const loose = await checkRedis(redis, 'test');
  await redis.config('SET', 'min-replicas-to-write', '1');
  const strict = await checkRedis(redis, 'test');
  await redis.config('SET', 'min-replicas-to-write', '0');
  await two.stop();
  await replicas(1);
  const alone = await checkRedis(redis, 'test');

  expect(loose.notes).toMatchObject([
    {
      kind: 'redis-min-replicas',
      remedy: expect.stringMatching(/^Run on every server: .*min-replicas-to-write 1/) as string,
    },
  ]);
  expect(strict.notes).toEqual([]);
  expect(alone.notes).toMatchObject([
    { kind: 'redis-min-replicas', remedy: expect.stringMatching(/^Add a second replica first/) as string },
  ]);
});
