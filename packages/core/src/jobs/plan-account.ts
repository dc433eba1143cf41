import { z } from 'zod';
import { AccountId } from '../organization/ids.ts';
import { ReportId } from '../reports/report-id.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_ASKER } from './retried-by-asker.ts';

/** Enters one account for a plan and finds its targets. */
export const planAccount = defineJob({
  name: 'plan-account',
  version: 1,
  queue: 'discovery',
  payload: z.strictObject({ reportId: ReportId, accountId: AccountId }),
  result: z.strictObject({ answer: z.string() }),
  dedupeId: ({ reportId, accountId }) => jobId('plan-account', reportId, accountId),
  timeoutMs: 5 * 60_000,
  retry: RETRIED_BY_ASKER,
});
