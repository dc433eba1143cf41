import { z } from 'zod';
import { ReportId } from '../reports/report-id.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_ASKER } from './retried-by-asker.ts';

/** Checks the worker's clock, its credentials and what they may do in Organizations; then asks for a check of every account. */
export const checkOrganization = defineJob({
  name: 'check-organization',
  version: 1,
  queue: 'discovery',
  payload: z.strictObject({ reportId: ReportId }),
  result: z.strictObject({ answer: z.string() }),
  dedupeId: ({ reportId }) => jobId('check-organization', reportId),
  timeoutMs: 30 * 60_000,
  retry: RETRIED_BY_ASKER,
});
