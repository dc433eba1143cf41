import { z } from 'zod';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_LEDGER } from './retried-by-ledger.ts';

/** Lists the accounts of every organization and account that the matchers name, and starts a sweep when the last one has ended. */
export const listAccounts = defineJob({
  name: 'list-accounts',
  version: 1,
  queue: 'discovery',
  payload: z.strictObject({}),
  result: z.strictObject({ accounts: z.int(), removed: z.int(), error: z.string().nullable() }),
  dedupeId: () => jobId('list-accounts'),
  timeoutMs: 30 * 60_000,
  retry: RETRIED_BY_LEDGER,
});
