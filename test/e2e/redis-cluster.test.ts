import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, REDIS_PASSWORD, startSystem } from '@muster/testing/muster-system';
import { type RedisCluster, startRedisCluster } from '@muster/testing/redis-cluster';
import { afterEach, expect, test } from 'vitest';

let cluster: RedisCluster;
let system: MusterSystem;

afterEach(async () => {
  await system.close();
  await cluster.stop();
});

/** The port of the node that the processes work with. */
async function ownerPort(): Promise<number> {
  const info = await system.redisCall('INFO', 'server');
  return Number(/tcp_port:(\d+)/.exec(String(info))?.[1]);
}

test('on a Redis Cluster every host joins, also when the node that holds the ledger dies in the middle of the installs', async () => {
  cluster = await startRedisCluster({ password: REDIS_PASSWORD, replicas: true });
  system = await startSystem({
    world: { accounts: 8, regions: 2, instances: 200, latency: { installMs: [20_000, 90_000] } },
    config: { muster: { limits: { installs_in_flight: 80 } } },
    redisElsewhere: cluster,
    schedulers: 2,
    workers: 2,
  });
  await eventually('the installs are in full swing', () => {
    const { commands, joined } = system.report();
    return commands.live >= 2 && joined > 0;
  });
  const before = await ownerPort();
  const owner = cluster.nodes.find(({ port }) => port === before);

  process.kill(owner?.pid ?? 0, 'SIGKILL');
  const struckAtMs = Date.now();
  await eventually('a replica has the slot', async () => (await ownerPort()) !== before);
  const { sent } = system.report().commands;
  await eventually('work resumed', () => system.report().commands.sent > sent, 60_000);
  const status = await system.judged(90_000);

  expect(Date.now() - struckAtMs).toBeLessThan(120_000);
  expect(status.instances.byState).toEqual({ joined: 200 });
  expect(system.report().installs).toMatchObject({ perInstance: { 0: 0, 1: 200 }, whileLive: 0 });
  expect(system.processes.filter((one) => !one.isRunning())).toEqual([]);
  const { code, stdout } = await system.cli('findings');
  expect(code).toBe(0);
  expect(stdout).toContain('ledger-epoch-changed');
});
