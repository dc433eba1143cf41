import { z } from 'zod';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_LEDGER } from './retried-by-ledger.ts';

/** Streams Teleport's node inventory into the ledger as one snapshot. One at a time in the whole installation. */
export const readInventory = defineJob({
  name: 'read-inventory',
  version: 1,
  queue: 'inventory',
  payload: z.strictObject({}),
  result: z.strictObject({ nodes: z.int(), published: z.boolean(), error: z.string().nullable() }),
  dedupeId: () => jobId('read-inventory'),
  timeoutMs: 10 * 60_000,
  retry: RETRIED_BY_LEDGER,
});
