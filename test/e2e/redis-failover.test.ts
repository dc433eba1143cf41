import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, REDIS_PASSWORD, startSystem } from '@muster/testing/muster-system';
import { startRedisCluster } from '@muster/testing/redis-cluster';
import { startWatchedRedis } from '@muster/testing/redis-sentinel';
import type { RedisServer } from '@muster/testing/redis-server';
import type { TestRedis } from '@muster/testing/test-redis';
import { watchWork } from '@muster/testing/watch-work';
import { afterEach, expect, test } from 'vitest';
import { installsInFullSwing } from './full-swing.ts';

interface Replicated extends TestRedis {
  readonly members: readonly RedisServer[];
}

let redis: Replicated;
let system: MusterSystem;

afterEach(async () => {
  await system.close();
  await redis.stop();
});

const KINDS: readonly [name: string, start: () => Promise<Replicated>][] = [
  [
    'Sentinels',
    async () => {
      const watched = await startWatchedRedis({ password: REDIS_PASSWORD });
      return { ...watched, members: watched.servers };
    },
  ],
  [
    'a Redis Cluster',
    async () => {
      const cluster = await startRedisCluster({ password: REDIS_PASSWORD, replicas: true });
      return { ...cluster, members: cluster.nodes };
    },
  ],
];

/** The port of the server that the processes work with; null while there is none. */
async function primaryPort(): Promise<number | null> {
  const info = await system.redisCall('INFO', 'server').catch(() => '');
  const port = /tcp_port:(\d+)/.exec(String(info))?.[1];
  return port === undefined ? null : Number(port);
}

test.each(KINDS)(
  'with %s work goes on within ten seconds when the primary dies in the middle of the installs, and every host joins once',
  async (_name, start) => {
    redis = await start();
    system = await startSystem({
      world: { accounts: 8, regions: 2, instances: 200, latency: { installMs: [20_000, 90_000] } },
      config: { muster: { limits: { installs_in_flight: 80 } } },
      redisElsewhere: redis,
      schedulers: 2,
      workers: 2,
    });
    await installsInFullSwing(system);
    const before = await primaryPort();
    const primary = redis.members.find(({ port }) => port === before);

    const work = watchWork(() => system.report());
    process.kill(primary?.pid ?? 0, 'SIGKILL');
    await eventually('another server leads', async () => {
      const now = await primaryPort();
      return now !== null && now !== before;
    });
    const { sent } = system.report().commands;
    await eventually('hosts are sent to again', () => system.report().commands.sent > sent, 60_000);
    const longestPauseMs = work.stop();
    const status = await system.judged(90_000);

    expect(longestPauseMs).toBeLessThan(10_000);
    expect(status.instances.byState).toEqual({ joined: 200 });
    expect(system.report().installs).toMatchObject({ perInstance: { 0: 0, 1: 200 }, whileLive: 0 });
    expect(system.processes.filter((one) => !one.isRunning())).toEqual([]);
    const { code, stdout } = await system.cli('findings');
    expect(code).toBe(0);
    expect(stdout).toContain('ledger-epoch-changed');
  },
);
