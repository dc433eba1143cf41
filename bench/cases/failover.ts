import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, REDIS_PASSWORD, startSystem } from '@muster/testing/muster-system';
import { startRedisCluster } from '@muster/testing/redis-cluster';
import { startWatchedRedis } from '@muster/testing/redis-sentinel';
import type { RedisServer } from '@muster/testing/redis-server';
import type { TestRedis } from '@muster/testing/test-redis';
import { watchWork } from '@muster/testing/watch-work';
import { type Benchmark, type BenchOptions, type Measured, medians } from '../benchmark.ts';

const SPEED = 10;
/** As docs/redis.md advises. */
const DETECTED_AFTER_MS = 5_000;
const WITHIN_MS = 120_000;

/** A Redis that a process of the bench can kill. */
interface Victim extends TestRedis {
  readonly members: readonly RedisServer[];
}

/** Null: the system's own server, which is started again at once. */
const KINDS: Readonly<Record<string, (() => Promise<Victim>) | null>> = {
  restart: null,
  sentinel: async () => {
    const watched = await startWatchedRedis({ password: REDIS_PASSWORD, downAfterMs: DETECTED_AFTER_MS });
    return { ...watched, members: watched.servers };
  },
  cluster: async () => {
    const cluster = await startRedisCluster({
      password: REDIS_PASSWORD,
      replicas: true,
      nodeTimeoutMs: DETECTED_AFTER_MS,
    });
    return { ...cluster, members: cluster.nodes };
  },
};

/** The primary is killed in the middle of the installs: for how long AWS hears nothing, and until when no host is sent to. */
export const failover: Benchmark = {
  name: 'failover',
  about: `The Redis of 1 scheduler and 2 workers is killed in the middle of installs: one server with an append-only file that starts again at once, and a primary that Sentinels or a Cluster replace after ${DETECTED_AFTER_MS / 1_000} s. Speed ${SPEED}: the wait before the first send is a tenth.`,
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const figures: Record<string, number> = {};
  // Servers do not keep a process alive, and their ends are waited for.
  const alive = setInterval(() => undefined, 1_000);
  try {
    for (const [name, start] of Object.entries(KINDS)) {
      const runs: Record<string, number>[] = [];
      for (let n = 0; n < (quick ? 1 : 3); n += 1) runs.push(await strike(start));
      for (const [figure, value] of Object.entries(medians(runs))) figures[`${figure}@${name}`] = value;
    }
  } finally {
    clearInterval(alive);
  }
  return {
    figures,
    baseline: {},
    ratios: {},
    must: [
      { of: 'secondsWithoutWork@restart', atMost: 10 },
      { of: 'secondsWithoutWork@sentinel', atMost: 10 },
      { of: 'secondsWithoutWork@cluster', atMost: 10 },
      ...Object.keys(KINDS).map((name) => ({ of: `whileLive@${name}`, atMost: 0 })),
    ],
  };
}

async function strike(start: (() => Promise<Victim>) | null): Promise<Record<string, number>> {
  const victim = start === null ? null : await start();
  const system = await startSystem({
    speed: SPEED,
    world: { accounts: 8, regions: 2, instances: 400, latency: { installMs: [20_000, 60_000] } },
    config: { muster: { limits: { installs_in_flight: 100 } } },
    workers: 2,
    ...(victim === null ? {} : { redisElsewhere: victim }),
  });
  try {
    await eventually(
      'the installs are in full swing',
      () => system.report().commands.live >= 4 && system.report().joined > 20,
      WITHIN_MS,
    );
    const primary = victim === null ? system.redis() : await primaryOf(system, victim);
    const before = watchWork(() => system.report());
    await new Promise((resolve) => setTimeout(resolve, DETECTED_AFTER_MS));
    const usualMs = before.stop();
    const work = watchWork(() => system.report());
    const runBefore = await runOf(system);
    const struckAt = performance.now();
    process.kill(primary.pid, 'SIGKILL');
    if (victim === null) await system.restartRedis();
    // Before, what AWS accepts was on its way when the primary died.
    await eventually(
      'another run of Redis leads',
      async () => (await runOf(system)) !== runBefore,
      WITHIN_MS,
    );
    const { sent } = system.report().commands;
    await eventually('hosts are sent to again', () => system.report().commands.sent > sent, WITHIN_MS);
    const withoutSends = (performance.now() - struckAt) / 1_000;
    return {
      secondsWithoutWork: work.stop() / 1_000,
      secondsWithoutSends: withoutSends,
      usualPauseSeconds: usualMs / 1_000,
      whileLive: system.report().installs.whileLive,
    };
  } finally {
    await system.close();
    await victim?.stop();
  }
}

/** Which run of Redis the ledger is in. */
async function runOf(system: MusterSystem): Promise<string | undefined> {
  return /run_id:(\w+)/.exec(String(await system.redisCall('INFO', 'server')))?.[1];
}

async function primaryOf(system: MusterSystem, { members }: Victim): Promise<RedisServer> {
  const info = String(await system.redisCall('INFO', 'server'));
  const port = Number(/tcp_port:(\d+)/.exec(info)?.[1]);
  const primary = members.find((one) => one.port === port);
  if (primary === undefined) throw new Error('the primary is none of the servers');
  return primary;
}
