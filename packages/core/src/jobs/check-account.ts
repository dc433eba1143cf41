import { z } from 'zod';
import { AccountId } from '../organization/ids.ts';
import { ReportId } from '../reports/report-id.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_ASKER } from './retried-by-asker.ts';

/** Enters one account as a sweep would and tries, harmlessly, everything that Muster needs there. */
export const checkAccount = defineJob({
  name: 'check-account',
  version: 1,
  queue: 'discovery',
  payload: z.strictObject({ reportId: ReportId, accountId: AccountId }),
  result: z.strictObject({ answer: z.string() }),
  dedupeId: ({ reportId, accountId }) => jobId('check-account', reportId, accountId),
  timeoutMs: 10 * 60_000,
  retry: RETRIED_BY_ASKER,
});
