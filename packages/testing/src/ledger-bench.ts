import { randomBytes } from 'node:crypto';
import { Secret } from '@muster/core/config/secret';
import { createRedisLedger, type Ledger } from '@muster/core/control/ledger';
import type { MacKey } from '@muster/core/install/mac';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createKeys, type Keys } from '@muster/core/redis/keys';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type LoggedLine, recordingLog } from './builders.ts';
import { startTestRedis } from './redis-cluster.ts';

type Redis = ReturnType<typeof createRedis>;

/** A ledger under a prefix of its own, with what a test needs to look behind it. */
export interface TestLedger {
  readonly ledger: Ledger;
  readonly redis: Redis;
  readonly keys: Keys;
  /** What the ledger logged. */
  readonly lines: readonly LoggedLine[];
  /** The same ledger over another connection, as another process would have it. */
  another(): Ledger;
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
      url: new Secret(server.url),
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
      const redis = connect(prefix, log);
      return {
        ledger: createRedisLedger({ redis, prefix, log, markerKeys: () => markerKeys }),
        redis,
        keys: createKeys(prefix),
        lines: log.lines,
        another: () =>
          createRedisLedger({ redis: connect(prefix, log), prefix, log, markerKeys: () => markerKeys }),
      };
    },
    disconnect,
    async stop() {
      await disconnect();
      await server.stop();
    },
  };
}
