import { z } from 'zod';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_LEDGER } from './retried-by-ledger.ts';

/** Gives waiting labels to Teleport, batch by batch at a bounded rate. One at a time in the whole installation. */
export const writeLabels = defineJob({
  name: 'write-labels',
  version: 1,
  queue: 'inventory',
  payload: z.strictObject({}),
  result: z.strictObject({ written: z.int(), error: z.string().nullable() }),
  dedupeId: () => jobId('write-labels'),
  timeoutMs: 5 * 60_000,
  retry: RETRIED_BY_LEDGER,
});
