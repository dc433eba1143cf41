import { z } from 'zod';
import { ReportId } from '../reports/report-id.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_ASKER } from './retried-by-asker.ts';

/** Reads the inventory and lists the accounts in scope for a plan, which writes no record and sends nothing. */
export const planOrganization = defineJob({
  name: 'plan-organization',
  version: 1,
  queue: 'discovery',
  payload: z.strictObject({ reportId: ReportId }),
  result: z.strictObject({ answer: z.string() }),
  dedupeId: ({ reportId }) => jobId('plan-organization', reportId),
  timeoutMs: 30 * 60_000,
  retry: RETRIED_BY_ASKER,
});
