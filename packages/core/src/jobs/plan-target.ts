import { z } from 'zod';
import { ReportId } from '../reports/report-id.ts';
import { Target, targetId } from '../organization/target.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_ASKER } from './retried-by-asker.ts';

/** Reads one target for a plan and judges what it finds, as a scan would. */
export const planTarget = defineJob({
  name: 'plan-target',
  version: 1,
  queue: 'discovery',
  payload: z.strictObject({ reportId: ReportId, target: Target }),
  result: z.strictObject({ answer: z.string() }),
  dedupeId: ({ reportId, target }) => jobId('plan-target', reportId, targetId(target)),
  timeoutMs: 5 * 60_000,
  retry: RETRIED_BY_ASKER,
});
