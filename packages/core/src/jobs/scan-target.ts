import { z } from 'zod';
import { Target, targetId } from '../organization/target.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_LEDGER } from './retried-by-ledger.ts';

/** Reads one target for all matchers, judges what it finds and queues the candidates. */
export const scanTarget = defineJob({
  name: 'scan-target',
  version: 1,
  queue: 'discovery',
  payload: z.strictObject({ target: Target }),
  result: z.strictObject({ status: z.string(), seen: z.int(), queued: z.int(), changed: z.int() }),
  isRoutine: ({ status, queued, changed }) => status === 'complete' && queued === 0 && changed === 0,
  dedupeId: ({ target }) => jobId('scan-target', targetId(target)),
  timeoutMs: 120_000,
  retry: RETRIED_BY_LEDGER,
});
