import { z } from 'zod';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_LEDGER } from './retried-by-ledger.ts';

/** Hands out everything that is due. Recurring; the next tick is its retry. */
export const tickJob = defineJob({
  name: 'tick',
  version: 1,
  queue: 'tick',
  payload: z.strictObject({}),
  result: z.record(z.string(), z.int()),
  dedupeId: () => jobId('tick'),
  timeoutMs: 60_000,
  retry: RETRIED_BY_LEDGER,
});
