import { Secret } from '@muster/core/config/secret';
import { createRedisLedger } from '@muster/core/control/ledger';
import { AccountId, InstanceId } from '@muster/core/organization/ids';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createLogger } from '@muster/core/runtime/logger';
import { startRedis } from '@muster/testing/redis-server';
import type { Benchmark, BenchOptions, Measured } from '../benchmark.ts';
import { fillLedger, type LedgerSize } from './filled-ledger.ts';
import { ledgerParts } from './ledger-parts.ts';

const PREFIX = 'bench';
const REGIONS = 17;
const GENERATION = 'BENCH';
const HOUR_MS = 3_600_000;

/** Ledgers of growing size in a Redis of their own, without any process: what each part of them takes. */
export const ledgerSize: Benchmark = {
  name: 'ledger-size',
  about: `Ledgers of 10,000 and 100,000 instances (\`--large\`: also 1,000,000) in accounts × ${REGIONS} regions and a snapshot of the inventory that shows all of them.`,
  run,
};

async function run({ quick, large }: BenchOptions): Promise<Measured> {
  const sizes = quick
    ? [{ accounts: 20, regions: REGIONS, instances: 2_000 }]
    : [
        { accounts: 100, regions: REGIONS, instances: 10_000 },
        { accounts: 1_000, regions: REGIONS, instances: 100_000 },
        ...(large ? [{ accounts: 5_000, regions: REGIONS, instances: 1_000_000 }] : []),
      ];
  const figures: Record<string, number> = {};
  for (const size of sizes) {
    const measured = await measure(size);
    for (const [name, value] of Object.entries(measured)) figures[`${name}@${size.instances}`] = value;
  }
  const largest = sizes.at(-1)?.instances ?? 0;
  return {
    figures,
    baseline: {},
    ratios: {},
    must: [
      { of: `bytesPerInstance@${largest}`, atMost: 1_024 },
      { of: `bytesPerTarget@${largest}`, atMost: 1_024 },
    ],
  };
}

async function measure(size: LedgerSize): Promise<Record<string, number>> {
  const redis = await startRedis({ appendonly: false });
  const log = createLogger({ name: 'bench', level: 'silent' });
  const connection = createRedis({
    url: new Secret(redis.url),
    prefix: PREFIX,
    profile: 'patient',
    name: 'bench',
    log,
  });
  const used = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(await connection.info('memory'))?.[1]);
  try {
    const ledger = createRedisLedger({ redis: connection, prefix: PREFIX, log });
    const empty = await used();
    const targets = await fillLedger({ ledger }, size);
    const filled = await used();
    await ledger.nodes.addNodes(
      GENERATION,
      Array.from({ length: size.instances }, (_, n) => ({
        accountId: accountOf(n % size.accounts),
        instanceId: InstanceId.parse(`i-${n.toString(16).padStart(17, '0')}`),
        nodeId: `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
        expiresAtMs: null,
      })),
      HOUR_MS,
    );
    const withNodes = await used();
    const parts = await ledgerParts((command, ...args) => connection.call(command, ...args));
    const stream = await connection.xlen(`{${PREFIX}}:changes`);
    return {
      usedMb: withNodes / 1_000_000,
      bytesPerInstance: (parts.instances + parts.index) / size.instances,
      bytesPerNode: (withNodes - filled) / size.instances,
      bytesPerTarget: parts.targets / targets.length,
      changeStreamMb: parts.changes / 1_000_000,
      changesInStream: stream,
      emptyMb: empty / 1_000_000,
    };
  } finally {
    await closeRedis(connection);
    await redis.stop();
  }
}

function accountOf(n: number): AccountId {
  return AccountId.parse(String(100_000_000_000 + n));
}
