import { z } from 'zod';
import { AccountId } from '../organization/ids.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_LEDGER } from './retried-by-ledger.ts';

/** Enters one account and finds the regions in scope: its targets. */
export const listRegions = defineJob({
  name: 'list-regions',
  version: 1,
  queue: 'discovery',
  payload: z.strictObject({ accountId: AccountId }),
  result: z.strictObject({ regions: z.int(), denied: z.boolean() }),
  dedupeId: ({ accountId }) => jobId('list-regions', accountId),
  timeoutMs: 60_000,
  retry: RETRIED_BY_LEDGER,
});
