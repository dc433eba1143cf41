import { z } from 'zod';
import { Target, targetId } from '../organization/target.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_LEDGER } from './retried-by-ledger.ts';

/** Sends the installer to the candidates of one target, up to 50 per command. Carries no list: the handler claims from the ledger. */
export const installBatch = defineJob({
  name: 'install-batch',
  version: 1,
  queue: 'enrollment',
  payload: z.strictObject({ target: Target }),
  result: z.strictObject({ sent: z.int(), instances: z.int(), stopped: z.string() }),
  dedupeId: ({ target }) => jobId('install-batch', targetId(target)),
  timeoutMs: 120_000,
  retry: RETRIED_BY_LEDGER,
});
