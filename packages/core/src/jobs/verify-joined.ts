import { z } from 'zod';
import { Target, targetId } from '../organization/target.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_LEDGER } from './retried-by-ledger.ts';

/** Looks in the inventory for the installed instances of one target, and gives up on those past their deadline. */
export const verifyJoined = defineJob({
  name: 'verify-joined',
  version: 1,
  queue: 'enrollment',
  payload: z.strictObject({ target: Target }),
  result: z.strictObject({ joined: z.int(), failed: z.int(), waiting: z.int() }),
  dedupeId: ({ target }) => jobId('verify-joined', targetId(target)),
  timeoutMs: 60_000,
  retry: RETRIED_BY_LEDGER,
});
