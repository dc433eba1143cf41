import type { MusterConfig } from '@muster/core/config/model';
import type { ProcessCounts } from '@muster/core/redis/connected-clients';
import { askWhoIsThere } from './count-processes.ts';

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
