import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, REDIS_PASSWORD, startSystem } from '@muster/testing/muster-system';
import { limitFiles, type RedisServer, startRedis } from '@muster/testing/redis-server';
import {
  type CommandResult,
  MUSTER_ENTRY,
  runProgram,
  type SupervisedProcess,
} from '@muster/testing/supervised-process';
import { afterEach, beforeEach, expect, test } from 'vitest';

let system: MusterSystem;

beforeEach(async () => {
  system = await startSystem({ schedulers: 0, workers: 0 });
});
afterEach(async () => {
  await system.close();
  await other?.stop();
  other = null;
});

/** A Redis beside the system's own, for what no running one can be turned into. */
let other: RedisServer | null = null;

function onOther(...args: readonly string[]): Promise<CommandResult> {
  return runProgram([MUSTER_ENTRY, ...args], { env: { ...system.env, REDIS_URL: other?.url } });
}

/** Where a process serves its health; it says so when it has started. */
async function urlOf(process: SupervisedProcess): Promise<string> {
  return eventually('the process has started', () => /"url":"(http:[^"]+)"/.exec(process.log())?.[1] ?? null);
}

/** What /readyz says: the status and, when it is not ready, why. */
async function readiness(url: string): Promise<{ status: number; redis: string | null }> {
  const response = await fetch(`${url}/readyz`);
  const { checks } = (await response.json()) as { checks: { redis: string | null } };
  return { status: response.status, redis: checks.redis };
}

test.each(['scheduler', 'worker'] as const)(
  'a %s does not start on a Redis that may evict, and says how to mend it',
  async (kind) => {
    await system.redisCall('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');

    const refused = system.start(kind);

    expect((await refused.ended).code).not.toBe(0);
    expect(refused.log()).toContain('CONFIG SET maxmemory-policy noeviction');
  },
);

test('a worker is not ready while Redis is frozen, may evict or is dead, lives on, and is ready again after', async () => {
  const worker = system.start('worker');
  const url = await urlOf(worker);
  await eventually('it is ready', async () => (await readiness(url)).status === 200);
  const isUnready = async (): Promise<boolean> => (await readiness(url)).status === 503;
  const isReady = async (): Promise<boolean> => (await readiness(url)).status === 200;

  process.kill(system.redis().pid, 'SIGSTOP');
  await eventually('a frozen Redis makes it unready', isUnready);
  process.kill(system.redis().pid, 'SIGCONT');
  await eventually('it is ready again', isReady);

  await system.redisCall('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await eventually('a Redis that may evict makes it unready', isUnready);
  expect((await readiness(url)).redis).toContain('noeviction');
  await system.redisCall('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  await eventually('it is ready again', isReady);

  process.kill(system.redis().pid, 'SIGKILL');
  await eventually('a dead Redis makes it unready', isUnready);
  await system.restartRedis();
  await eventually('it is ready again', isReady);
  expect(worker.isRunning()).toBe(true);
});

test('a node of a cluster under a URL of one server is refused by processes, commands and the doctor, in words of its own', async () => {
  other = await startRedis({ password: 'pw', settings: { 'cluster-enabled': 'yes' } });

  const ends = await Promise.all(
    (['scheduler', 'worker'] as const).map(async (kind) => {
      const refused = system.start(kind, { env: { REDIS_URL: other?.url } });
      return { code: (await refused.ended).code, log: refused.log() };
    }),
  );
  const status = await onOther('status');
  const doctor = await onOther('doctor', '--json');

  for (const { code, log } of ends) {
    expect(code).toBe(78);
    expect(log).toContain('node of a Redis Cluster');
  }
  expect(status.code).toBe(78);
  expect(status.stderr).toContain('redis+cluster://');
  expect(doctor.stdout).toContain('"cause":"redis-unsafe"');
});

test('a password that is not the one of Redis is told as that, and no other word of it', async () => {
  const url = system.redis().url.replace(/:[^:@]*@/, ':abc@');

  const worker = system.start('worker', { env: { REDIS_URL: url } });
  await eventually('it says so', () => worker.log().includes('redis does not let us in'));
  const status = await runProgram([MUSTER_ENTRY, 'status'], { env: { ...system.env, REDIS_URL: url } });

  expect(worker.log()).toContain('does not take the user and password');
  expect(worker.log()).not.toContain('abc');
  expect(status.code).toBe(1);
  expect(status.stderr).toContain('muster.redis.password_file');
});

const NEW_PASSWORD = 'of-tomorrow-8f3a';

test('a password that is changed while processes run is told by all of them, and they go on when its file has the new one', async () => {
  const { port } = system.redis();
  const file = join(system.folder, 'redis-password');
  writeFileSync(file, REDIS_PASSWORD);
  const env = { REDIS_URL: `redis://127.0.0.1:${port}`, REDIS_PASSWORD_FILE: file };
  const processes = [system.start('scheduler', { env }), system.start('worker', { env })];
  const urls = await Promise.all(processes.map(urlOf));
  const ready = async (url: string): Promise<boolean> => (await fetch(`${url}/readyz`)).status === 200;
  for (const url of urls) await eventually('it is ready', () => ready(url));

  // One by one: what stands goes on, and what is made anew is refused.
  await system.redisCall('CONFIG', 'SET', 'requirepass', NEW_PASSWORD);
  await eventually(
    'the schedulers tell it while everything works',
    async () => {
      const text = await system.redisCall('HGET', '{test}:findings', 'redis-login-refused|all');
      return String(text).includes('WRONGPASS');
    },
    60_000,
  );
  const stillReady = await Promise.all(urls.map(ready));
  await system.redisCall('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  for (const url of urls) {
    await eventually('it says why it is not ready', async () => {
      return (await (await fetch(`${url}/readyz`)).text()).includes('WRONGPASS');
    });
  }
  const status = await runProgram([MUSTER_ENTRY, 'status'], { env: { ...system.env, ...env } });
  writeFileSync(file, NEW_PASSWORD);
  for (const url of urls) await eventually('it is ready again', () => ready(url));

  expect(stillReady).toEqual([true, true]);
  expect(status.code).toBe(1);
  expect(status.stderr).toContain('WRONGPASS');
  for (const one of processes) {
    expect(one.isRunning()).toBe(true);
    expect(one.log()).toContain('redis does not let us in');
    expect(one.log()).not.toContain(NEW_PASSWORD);
  }
});

test('a disk that is full makes processes unready, is a finding while nothing can be written, and is over when there is room', async () => {
  const full = await startRedis({ password: 'pw', largestFileBytes: 2 ** 30 });
  other = full;
  const worker = system.start('worker', { env: { REDIS_URL: full.url } });
  const url = await urlOf(worker);
  await eventually('it is ready', async () => (await readiness(url)).status === 200);

  limitFiles(full, 1);
  await eventually('it is unready', async () => (await readiness(url)).status === 503);
  const reason = (await readiness(url)).redis;
  const status = await onOther('status', '--json');
  const doctor = await onOther('doctor', '--json');

  expect(reason).toContain('append-only file');
  const { findings } = JSON.parse(status.stdout) as { findings: { kind: string }[] };
  expect(findings.map(({ kind }) => kind)).toContain('redis-refuses-writes');
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toContain('"cause":"redis-refuses-writes"');

  limitFiles(full, null);
  await eventually('it is ready again', async () => (await readiness(url)).status === 200);
  const after = JSON.parse((await onOther('status', '--json')).stdout) as { findings: { kind: string }[] };
  expect(after.findings.map(({ kind }) => kind)).not.toContain('redis-refuses-writes');
}, 60_000);
