import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '@muster/core/config/secret';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createLogger } from '@muster/core/runtime/logger';
import { eventually, pause } from '@muster/testing/eventually';
import {
  type MusterSystem,
  REDIS_PASSWORD,
  startSystem,
  type SystemOptions,
} from '@muster/testing/muster-system';
import { type RedisServer, startRedis } from '@muster/testing/redis-server';
import { startTcpProxy, type TcpProxy } from '@muster/testing/tcp-proxy';
import { type ChaosCase, seconds } from './chaos-case.ts';

export interface OutageOptions {
  readonly accounts: number;
  readonly regions: number;
  readonly instances: number;
  readonly speed: number;
  readonly workers: number;
}

/** A name, what is done to Redis in the middle of the installs, and what may stand in between. */
interface Outage {
  readonly name: string;
  readonly redisUrl?: SystemOptions['redisUrl'];
  /** Resolves when the cause has ended. */
  strike(system: MusterSystem): Promise<void>;
  readonly close?: () => Promise<void>;
}

/** From the end of the cause until work must have resumed. */
const RESUME_WITHIN_MS = 60_000;
/** On a machine that is busy with other things too. */
const FULL_SWING_WITHIN_MS = 120_000;

function outageCase(options: OutageOptions, makeOutage: () => Outage): ChaosCase {
  return {
    name: `redis ${makeOutage().name}`,
    async run(seed) {
      const { accounts, regions, instances, speed, workers } = options;
      const outage = makeOutage();
      const system = await startSystem({
        // Long enough that the outage falls into the middle of the installs.
        world: {
          accounts,
          regions,
          instances,
          seed,
          scenario: 'realistic',
          latency: { installMs: [8_000, 120_000] },
        },
        speed,
        schedulers: 2,
        workers,
        config: { muster: { limits: { installs_in_flight: Math.ceil(instances / 3) } } },
        ...(outage.redisUrl === undefined ? {} : { redisUrl: outage.redisUrl }),
      });
      try {
        await middleOfInstalls(system);
        await outage.strike(system);
        const sentBefore = system.report().commands.sent;
        const endedAtMs = Date.now();
        await eventually(
          'work resumed',
          async () => system.report().commands.sent > sentBefore || (await nobodyWaits(system)),
          RESUME_WITHIN_MS,
        );
        const resumed = seconds(endedAtMs);
        const status = await system.judged(180_000);
        const ended = system.processes.filter((one) => !one.isRunning()).map(({ name }) => name);
        if (ended.length > 0) throw new Error(`processes that did not sit it out: ${ended.join(', ')}`);
        return `${status.instances.total} instances, resumed after ${resumed}, ended after ${seconds(endedAtMs)}`;
      } finally {
        await system.close();
        await outage.close?.();
      }
    },
  };
}

/** Some hosts have joined, some commands are live, and some hosts wait for theirs. */
async function middleOfInstalls(system: MusterSystem): Promise<void> {
  await eventually(
    'the installs are in full swing',
    () => {
      const { commands, joined } = system.report();
      return commands.live >= 2 && joined > 0;
    },
    FULL_SWING_WITHIN_MS,
  );
}

async function nobodyWaits(system: MusterSystem): Promise<boolean> {
  const { total, byState } = (await system.status()).instances;
  const { queued = 0, sending = 0, installing = 0 } = byState;
  // A ledger that was emptied holds no instance at all.
  return total > 0 && queued + sending + installing === 0;
}

/** Every outage of Redis that Muster must survive. */
export function redisOutages(options: OutageOptions): readonly ChaosCase[] {
  return [
    outageCase(options, () => ({ name: 'killed and restarted', strike: killAndRestart })),
    outageCase(options, () => ({
      name: 'killed, and restarted with an older copy of its data',
      strike: rollBack,
    })),
    outageCase(options, () => ({
      name: 'flushed',
      strike: async (system) => {
        await system.redisCall('FLUSHALL');
      },
    })),
    outageCase(options, () => ({ name: 'frozen for 60 s', strike: (system) => freeze(system, 60_000) })),
    outageCase(options, cutOff),
    outageCase(options, () => ({ name: 'out of memory for 20 s', strike: (system) => fill(system, 20_000) })),
    outageCase(options, failOver),
  ];
}

async function killAndRestart(system: MusterSystem): Promise<void> {
  process.kill(system.redis().pid, 'SIGKILL');
  await system.restartRedis();
}

async function rollBack(system: MusterSystem): Promise<void> {
  const { dir } = system.redis();
  const copy = join(system.folder, 'older-redis');
  // A copy of a moment: nothing is written while it is made.
  process.kill(system.redis().pid, 'SIGSTOP');
  cpSync(dir, copy, { recursive: true });
  process.kill(system.redis().pid, 'SIGCONT');
  const { sent } = system.report().commands;
  await eventually('more was sent after the copy', () => system.report().commands.sent > sent + 2);
  process.kill(system.redis().pid, 'SIGKILL');
  await system.redis().ended;
  rmSync(dir, { recursive: true });
  cpSync(copy, dir, { recursive: true });
  await system.restartRedis();
}

async function freeze(system: MusterSystem, forMs: number): Promise<void> {
  process.kill(system.redis().pid, 'SIGSTOP');
  await pause(forMs);
  process.kill(system.redis().pid, 'SIGCONT');
}

/** Redis refuses every write that needs memory. */
async function fill(system: MusterSystem, forMs: number): Promise<void> {
  await system.redisCall('CONFIG', 'SET', 'maxmemory', '1mb');
  await pause(forMs);
  await system.redisCall('CONFIG', 'SET', 'maxmemory', '0');
}

/** The network between Muster and Redis swallows everything for a minute. */
function cutOff(): Outage {
  let proxy: TcpProxy | null = null;
  return {
    name: 'unreachable for 60 s',
    redisUrl: async (server) => {
      proxy = await startTcpProxy(server.port);
      return server.url.replace(`:${server.port}`, `:${proxy.port}`);
    },
    strike: async () => {
      proxy?.swallow(true);
      await pause(60_000);
      proxy?.swallow(false);
    },
    close: async () => proxy?.close(),
  };
}

/** The primary dies, and a replica that was a few seconds behind takes its place under the same address. */
function failOver(): Outage {
  let replica: RedisServer | null = null;
  let address: TcpProxy | null = null;
  return {
    name: 'failed over to a replica that lags',
    strike: async (system) => {
      const primary = system.redis();
      replica = await startRedis({
        password: REDIS_PASSWORD,
        settings: { masterauth: REDIS_PASSWORD },
      });
      const connection = openConnection(replica.url);
      await connection.call('REPLICAOF', '127.0.0.1', String(primary.port));
      await eventually('the replica is in step', async () => {
        return /master_link_status:up/.test(await connection.info('replication'));
      });
      process.kill(replica.pid, 'SIGSTOP');
      const { sent } = system.report().commands;
      await eventually(
        'more was sent than the replica knows',
        () => system.report().commands.sent > sent + 2,
      );
      process.kill(primary.pid, 'SIGKILL');
      await primary.ended;
      process.kill(replica.pid, 'SIGCONT');
      await eventually('the replica was promoted', () => connection.call('REPLICAOF', 'NO', 'ONE'));
      await closeRedis(connection);
      address = await startTcpProxy(replica.port, primary.port);
    },
    close: async () => {
      await address?.close();
      await replica?.stop();
    },
  };
}

function openConnection(url: string): ReturnType<typeof createRedis> {
  const log = createLogger({ name: 'chaos', level: 'silent' });
  return createRedis({ url: new Secret(url), prefix: 'test', profile: 'patient', name: 'chaos', log });
}
