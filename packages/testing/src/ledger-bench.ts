import { randomBytes } from 'node:crypto';
import { createRedisLedger, type Ledger } from '@muster/core/control/ledger';
import type { MacKey } from '@muster/core/install/mac';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createKeys, type Keys } from '@muster/core/redis/keys';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type LoggedLine, recordingLog } from './builders.ts';
import { settingsOf, startTestRedis } from './test-redis.ts';

type Redis = ReturnType<typeof createRedis>;

/** A ledger under a prefix of its own, with what a test needs to look behind it. */
export interface TestLedger {
  readonly ledger: Ledger;
  readonly redis: Redis;
  readonly keys: Keys;
  /** What the ledger logged. */
  readonly lines: readonly LoggedLine[];
  readonly time: TestTime;
  /** The same ledger over another connection, as another process would have it. */
  another(): Ledger;
}

/** Redis's `TIME`, as every script of the ledger and of its other connections reads it: the real one until a test moves it. */
export interface TestTime {
  /** Epoch ms. */
  now(): number;
  /** Stands still at a time (epoch ms), before or after the real one. */
  hold(atMs: number): void;
  advance(ms: number): void;
}

/** A Redis for one test file. */
export interface LedgerBench {
  /** A new, empty ledger, which seals its records when it is given keys. */
  create(markerKeys?: readonly MacKey[]): TestLedger;
  /** Closes every connection; a test that leaves one open would keep the runner from ending. */
  disconnect(): Promise<void>;
  stop(): Promise<void>;
}

/** A Redis for this test file, and empty ledgers on it; what a test opened is closed when it ends. */
export function useLedgerBench(): Pick<LedgerBench, 'create'> {
  let bench: LedgerBench;
  beforeAll(async () => {
    bench = await startLedgerBench();
  });
  afterEach(() => bench.disconnect());
  afterAll(() => bench.stop());
  return { create: () => bench.create() };
}

/** Starts a throwaway Redis (see `startTestRedis`); each ledger made on it has a random prefix. */
export async function startLedgerBench(): Promise<LedgerBench> {
  const server = await startTestRedis();
  const open: Redis[] = [];

  function connect(prefix: string, log: ReturnType<typeof recordingLog>): Redis {
    const redis = createRedis({
      ...settingsOf(server),
      prefix,
      profile: 'patient',
      name: 'muster-test',
      log,
    });
    open.push(redis);
    return redis;
  }

  async function disconnect(): Promise<void> {
    await Promise.all(open.splice(0).map(closeRedis));
  }

  return {
    create(markerKeys = []) {
      const prefix = `test-${randomBytes(6).toString('hex')}`;
      const log = recordingLog();
      const time = createTestTime();
      const connectTimed = (): Redis => {
        const redis = connect(prefix, log);
        readTimeFrom(redis, time);
        return redis;
      };
      const redis = connectTimed();
      return {
        ledger: createRedisLedger({ redis, prefix, log, markerKeys: () => markerKeys }),
        redis,
        keys: createKeys(prefix),
        lines: log.lines,
        time,
        another: () =>
          createRedisLedger({ redis: connectTimed(), prefix, log, markerKeys: () => markerKeys }),
      };
    },
    disconnect,
    async stop() {
      await disconnect();
      await server.stop();
    },
  };
}

interface MovedTime extends TestTime {
  isMoved(): boolean;
}

function createTestTime(): MovedTime {
  let heldAtMs: number | null = null;
  let offsetMs = 0;
  return {
    now: () => heldAtMs ?? Date.now() + offsetMs,
    hold: (atMs) => {
      heldAtMs = atMs;
    },
    advance: (ms) => {
      if (heldAtMs === null) offsetMs += ms;
      else heldAtMs += ms;
    },
    isMoved: () => heldAtMs !== null || offsetMs !== 0,
  };
}

const OF_REDIS = "redis.call('TIME')";

/** Once the time is moved, a script is sent as text, with the test's time in the place of the question for Redis's. */
function readTimeFrom(redis: Redis, time: MovedTime): void {
  const real = {
    evalsha: redis.evalsha.bind(redis),
    eval: redis.eval.bind(redis),
    time: redis.time.bind(redis),
  };
  const parts = (): [seconds: number, microseconds: number] => {
    const nowMs = Math.floor(time.now());
    return [Math.floor(nowMs / 1_000), (nowMs % 1_000) * 1_000];
  };
  Object.assign(redis, {
    evalsha: (...args: Parameters<typeof real.evalsha>) =>
      time.isMoved() ? Promise.reject(new Error('NOSCRIPT')) : real.evalsha(...args),
    eval: (lua: string, ...args: (string | number)[]) =>
      real.eval(
        time.isMoved() ? lua.replaceAll(OF_REDIS, `{'${parts().join("','")}'}`) : lua,
        ...(args as [number]),
      ),
    time: () => (time.isMoved() ? Promise.resolve(parts()) : real.time()),
  });
}
