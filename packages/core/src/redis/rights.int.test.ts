/** What a Redis user may not do, and a password that changes while connections stand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { type RedisServer, startRedis } from '@muster/testing/redis-server';
import { documentedRules, makeUser } from '@muster/testing/redis-user';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../config/secret.ts';
import { createRedisLedger } from '../control/ledger.ts';
import { createClock } from '../runtime/clock.ts';
import { awaitRedis, closeRedis, createRedis, type RedisOptions } from './connection.ts';
import { reportRedisNotes } from './redis-findings.ts';
import { checkRedisThoroughly, requireSafeRedis } from './server-check.ts';

const clock = createClock();
const open: Redis[] = [];
let server: RedisServer;
/** As the operator, who may do everything. */
let operator: Redis;
let folder: string;

beforeEach(async () => {
  server = await startRedis({ password: 'pw' });
  operator = await ready(server.url);
  folder = mkdtempSync(join(tmpdir(), 'muster-rights-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(closeRedis));
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function ready(url: string, more: Partial<RedisOptions> = {}): Promise<Redis> {
  const redis = createRedis({
    url: new Secret(url),
    prefix: 'test',
    profile: 'patient',
    name: 'muster-test',
    log: recordingLog(),
    ...more,
  });
  open.push(redis);
  await awaitRedis(redis, clock, 5_000);
  return redis;
}

async function asUser(rules: string): Promise<Redis> {
  return ready(await makeUser(server, rules));
}

test('the documented rights are all that is asked for, and asking changes nothing', async () => {
  const redis = await asUser(documentedRules('test'));

  await expect(requireSafeRedis(redis, 'test', recordingLog())).resolves.toBeUndefined();

  expect(await operator.dbsize()).toBe(0);
  expect(await operator.call('ACL', 'LOG')).toEqual([]);
});

test.each([
  ['one command', '-xadd', 'may not send XADD', '+xadd'],
  ['two commands', '-zadd -evalsha', 'may not send EVALSHA, ZADD', '+evalsha +zadd'],
  ['transactions', '-multi', 'may not send MULTI', '+multi'],
  ['the keys of the prefix', 'resetkeys ~{other}:*', 'may not touch the keys of the prefix', '~{test}:*'],
])('a user that lacks %s is refused with the rule to add', async (_what, without, lacks, rule) => {
  const redis = await asUser(`${documentedRules('test')} ${without}`);

  // Deleting is how the check asks whether Redis takes writes, and needs the keys too.
  const refused = await requireSafeRedis(redis, 'test', recordingLog()).then(
    () => null,
    (error: unknown) => error,
  );

  expect(refused).toMatchObject({
    code: 'config.unsafe',
    message: expect.stringContaining(`The Redis user muster ${lacks}`) as string,
    details: { remedy: expect.stringContaining(`ACL SETUSER muster ${rule}`) as string },
  });
  expect(await operator.dbsize()).toBe(0);
});

test('a right that is taken away from running processes is a finding with the rule to add, until it is back', async () => {
  const redis = await asUser(documentedRules('test'));
  const { control } = createRedisLedger({ redis, prefix: 'test', log: recordingLog() });

  await operator.call('ACL', 'SETUSER', 'muster', '-xadd');
  await reportRedisNotes(control, redis, 'test', 1_000);
  const during = await control.findings();
  await operator.call('ACL', 'SETUSER', 'muster', '+xadd');
  await reportRedisNotes(control, redis, 'test', 2_000);

  expect(during).toMatchObject([
    { kind: 'redis-rights-missing', remedy: expect.stringContaining('+xadd') as string },
  ]);
  expect(await control.findings()).toEqual([]);
});

test('a password that changed is told while connections stand, and the file is read when one is made anew', async () => {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'pw\n');
  const redis = await ready(server.url, { passwordFile });
  const { control } = createRedisLedger({ redis, prefix: 'test', log: recordingLog() });
  // As BullMQ makes them.
  const duplicate = redis.duplicate();
  duplicate.on('error', () => undefined);
  open.push(duplicate);
  await duplicate.ping();

  await operator.config('SET', 'requirepass', 'new');
  await reportRedisNotes(control, redis, 'test', 1_000);
  const standing = await control.findings();
  writeFileSync(passwordFile, 'new\n');
  await reportRedisNotes(control, redis, 'test', 2_000);
  const onceRight = await control.findings();
  await operator.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no');

  await expect(Promise.all([redis.ping(), duplicate.ping()])).resolves.toEqual(['PONG', 'PONG']);
  await reportRedisNotes(control, redis, 'test', 3_000);
  expect(standing).toMatchObject([
    {
      kind: 'redis-login-refused',
      message: expect.stringMatching(/WRONGPASS.*Connections that stand go on/) as string,
    },
  ]);
  expect(onceRight).toEqual([]);
  expect(await control.findings()).toEqual([]);
});

test('the documented steps to another password are no finding while connections stand, and Redis denies nothing', async () => {
  const url = await makeUser(server, documentedRules('test'));
  const { password: first } = new URL(url);
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, first);
  const redis = await ready(url, { passwordFile });
  const { control } = createRedisLedger({ redis, prefix: 'test', log: recordingLog() });

  await operator.call('ACL', 'SETUSER', 'muster', '>new');
  writeFileSync(passwordFile, 'new');
  await operator.call('ACL', 'SETUSER', 'muster', `<${first}`);
  await reportRedisNotes(control, redis, 'test', 1_000);

  expect(await control.findings()).toEqual([]);
  expect(await operator.call('ACL', 'LOG')).toEqual([]);
});

test('a connection that is refused with the old password is let in as soon as the file has the new one', async () => {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'pw');
  const redis = await ready(server.url, { passwordFile, profile: 'fail-fast' });
  await operator.config('SET', 'requirepass', 'new');
  await operator.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no');
  await eventually('it is refused', async () => {
    return checkRedisThoroughly(redis, 'test').then(
      () => false,
      (error: unknown) => String(error).includes('WRONGPASS'),
    );
  });

  writeFileSync(passwordFile, 'new');

  expect(await eventually('it is let in', () => redis.ping().catch(() => null))).toBe('PONG');
});
