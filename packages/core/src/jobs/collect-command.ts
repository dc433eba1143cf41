import { z } from 'zod';
import { BatchId } from '../organization/ids.ts';
import { Target, targetId } from '../organization/target.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_LEDGER } from './retried-by-ledger.ts';

/** Looks once at a batch's command, or for it when the answer to its send was lost. */
export const collectCommand = defineJob({
  name: 'collect-command',
  version: 1,
  queue: 'enrollment',
  payload: z.strictObject({ target: Target, batchId: BatchId }),
  result: z.strictObject({ ended: z.int(), open: z.int(), state: z.string() }),
  dedupeId: ({ target, batchId }) => jobId('collect-command', targetId(target), batchId),
  timeoutMs: 60_000,
  retry: RETRIED_BY_LEDGER,
});
