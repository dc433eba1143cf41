import type { MusterConfig } from '@muster/core/config/model';
import { createRedisLedger } from '@muster/core/control/ledger';
import { countProcesses, type ProcessCounts } from '@muster/core/redis/server-info';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { SILENT } from '@muster/core/runtime/logger-port';
import { createClock } from '@muster/core/runtime/clock';
import { openingFailure, refuseForeignLedger } from './open-ledger.ts';

const PATIENCE_MS = 3_000;

/** Who is there to do the work, asked on a connection of its own. Exit code 1 when Redis does not answer. */
export async function askWhoIsThere(config: MusterConfig): Promise<ProcessCounts> {
  const log = SILENT;
  const redis = createRedis({ ...config.redis, profile: 'fail-fast', name: 'muster-cli', log });
  try {
    await awaitRedis(redis, createClock(), PATIENCE_MS);
    await refuseForeignLedger(createRedisLedger({ redis, prefix: config.redis.prefix, log }), config);
    return await countProcesses(redis);
  } catch (error) {
    throw openingFailure(error, ' muster plan --local needs none.');
  } finally {
    await closeRedis(redis);
  }
}

/**
 * For a command that waits for others' work: says on standard error that no worker or no scheduler runs to do it, and when that has
 * changed. Each call looks once; where Redis does not tell, or does not answer, nothing is said.
 */
export function createMissingNotice(config: MusterConfig): () => Promise<void> {
  let told = '';
  return async () => {
    const counts = await askWhoIsThere(config).catch(() => null);
    if (counts === null) return;
    const missing = describeMissing(counts);
    if (missing === told) return;
    const line = missing === '' ? 'scheduler and worker are connected; waiting for them' : missing;
    process.stderr.write(`${line}\n`);
    told = missing;
  };
}

/** Empty when no kind of process is missing. */
function describeMissing({ schedulers, workers }: ProcessCounts): string {
  const missing = [...(schedulers === 0 ? ['scheduler'] : []), ...(workers === 0 ? ['worker'] : [])];
  if (missing.length === 0) return '';
  const starts = missing.map((one) => `muster ${one}`).join(' and ');
  return `no ${missing.join(' and no ')} is connected to Redis: nothing is read before. Start ${starts} (docker compose up -d ${missing.join(' ')}); waiting`;
}
