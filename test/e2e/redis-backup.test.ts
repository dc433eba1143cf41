/** docs/backup.md, done by hand: a copy that is older than the installs, a move to another server, and nothing left. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, REDIS_PASSWORD, startSystem } from '@muster/testing/muster-system';
import { startReplica } from '@muster/testing/redis-replica';
import { findRedisBinary, type RedisServer, startRedis } from '@muster/testing/redis-server';
import { afterEach, expect, test } from 'vitest';
import { installsInFullSwing } from './full-swing.ts';

let system: MusterSystem;
let other: RedisServer | null = null;

afterEach(async () => {
  await system.close();
  await other?.stop();
  other = null;
});

/** Beside its server; without it these tests are left out. */
const CLI = findRedisBinary()?.replace(/-server$/, '-cli') ?? '';

const HOSTS = 300;

/** Some hosts have joined, and many have not been sent to yet. */
async function middleOfInstalls(): Promise<void> {
  system = await startSystem({
    world: { accounts: 8, regions: 2, instances: HOSTS, latency: { installMs: [20_000, 90_000] } },
    config: { muster: { limits: { installs_in_flight: 60 } } },
    schedulers: 1,
    workers: 2,
  });
  await installsInFullSwing(system);
}

function redisCli(server: RedisServer, ...args: readonly string[]): string {
  return execFileSync(CLI, ['-p', String(server.port), ...args], {
    encoding: 'utf8',
    env: { ...process.env, REDISCLI_AUTH: REDIS_PASSWORD },
  });
}

async function moreWasSent(): Promise<void> {
  const { sent } = system.report().commands;
  await eventually('installs went on after the copy', () => system.report().commands.sent > sent + 3);
}

/** How often hosts were sent to, when all that is to be done is done. */
async function installs(): Promise<unknown> {
  const { instances } = await system.judged(120_000);
  const { perInstance, whileLive } = system.report().installs;
  return { byState: instances.byState, perInstance, whileLive };
}

const JOINED_ONCE = { byState: { joined: HOSTS }, perInstance: { 0: 0, 1: HOSTS }, whileLive: 0 };

test.skipIf(!existsSync(CLI))(
  'a snapshot taken over the network is restored after installs went on: nothing is sent twice, and a pause of before it holds',
  async () => {
    await middleOfInstalls();
    const account = String(system.aws.world.accounts[0]?.id);
    await system.cli('pause', '--account', account, '--yes');
    const snapshot = join(system.folder, 'muster.rdb');
    redisCli(system.redis(), '--rdb', snapshot);
    await system.cli('resume', '--account', account, '--yes');
    await moreWasSent();

    const { dir, port } = system.redis();
    process.kill(system.redis().pid, 'SIGKILL');
    await system.redis().ended;
    rmSync(dir, { recursive: true });
    mkdirSync(dir);
    cpSync(snapshot, join(dir, 'dump.rdb'));
    // With an append-only file that is not there yet, Redis would begin empty.
    const loading = await startRedis({ dir, port, password: REDIS_PASSWORD, appendonly: false });
    redisCli(loading, 'CONFIG', 'SET', 'appendonly', 'yes');
    await eventually('the append-only file is written', () => {
      const info = redisCli(loading, 'INFO', 'persistence');
      return (
        /aof_enabled:1/.test(info) &&
        /aof_rewrite_in_progress:0/.test(info) &&
        /aof_last_bgrewrite_status:ok/.test(info)
      );
    });
    await loading.stop();
    await system.restartRedis();

    expect(await system.redisCall('HKEYS', '{test}:pauses')).toEqual([`account:${account}`]);
    await system.cli('resume', '--account', account, '--yes');
    expect(await installs()).toEqual(JOINED_ONCE);
    expect((await system.cli('findings')).stdout).toContain('ledger-epoch-changed');
  },
);

test.skipIf(!existsSync(CLI))(
  'a copy of the append-only folder is restored after installs went on, and nothing is sent twice',
  async () => {
    await middleOfInstalls();
    const { dir } = system.redis();
    const copy = join(system.folder, 'copy');
    // As docs/backup.md says: no rewrite meanwhile.
    redisCli(system.redis(), 'CONFIG', 'SET', 'auto-aof-rewrite-percentage', '0');
    cpSync(dir, copy, { recursive: true });
    redisCli(system.redis(), 'CONFIG', 'SET', 'auto-aof-rewrite-percentage', '100');
    await moreWasSent();

    process.kill(system.redis().pid, 'SIGKILL');
    await system.redis().ended;
    rmSync(dir, { recursive: true });
    cpSync(copy, dir, { recursive: true });
    await system.restartRedis();

    expect(await installs()).toEqual(JOINED_ONCE);
  },
);

test.skipIf(!existsSync(CLI))(
  'Redis moves to another server by a failover that is asked for: no write is lost, and nothing is sent twice',
  async () => {
    await middleOfInstalls();
    await system.cli('pause', '--region', 'us-east-1', '--yes');
    const old = system.redis();
    redisCli(old, 'CONFIG', 'SET', 'masterauth', REDIS_PASSWORD);
    const next = await startReplica(old, REDIS_PASSWORD);
    other = next;

    redisCli(old, 'FAILOVER', 'TO', '127.0.0.1', String(next.port));
    await eventually('the new server leads', () =>
      redisCli(next, 'INFO', 'replication').includes('role:master'),
    );
    // The old one refuses writes from here on: processes that still speak to it do nothing.
    await system.stop();
    const env = { REDIS_URL: next.url };
    for (const kind of ['scheduler', 'worker', 'worker'] as const) system.start(kind, { env });

    expect(redisCli(next, 'HKEYS', '{test}:pauses')).toContain('region:us-east-1');
    redisCli(next, 'DEL', '{test}:pauses');
    await eventually('every host has joined', () => system.report().joined === HOSTS, 120_000);
    expect(system.report().installs).toMatchObject({ perInstance: { 0: 0, 1: HOSTS }, whileLive: 0 });
  },
);
