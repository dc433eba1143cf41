import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, REDIS_PASSWORD, startSystem } from '@muster/testing/muster-system';
import { startWatchedRedis, type WatchedRedis } from '@muster/testing/redis-sentinel';
import { afterEach, expect, test } from 'vitest';

let watched: WatchedRedis;
let system: MusterSystem;

afterEach(async () => {
  await system.close();
  await watched.stop();
});

test('with Sentinels every host joins, also when the primary dies in the middle of the installs', async () => {
  watched = await startWatchedRedis({ password: REDIS_PASSWORD });
  system = await startSystem({
    world: { accounts: 8, regions: 2, instances: 200, latency: { installMs: [20_000, 90_000] } },
    config: { muster: { limits: { installs_in_flight: 80 } } },
    redisElsewhere: watched,
    schedulers: 2,
    workers: 2,
  });
  await eventually('the installs are in full swing', () => {
    const { commands, joined } = system.report();
    return commands.live >= 2 && joined > 0;
  });

  process.kill(watched.servers[0].pid, 'SIGKILL');
  const struckAtMs = Date.now();
  await eventually('the replica leads', async () => {
    const info = await system.redisCall('INFO', 'server').catch(() => '');
    return String(info).includes(`tcp_port:${watched.servers[1].port}`);
  });
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
