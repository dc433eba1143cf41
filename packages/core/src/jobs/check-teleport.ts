import { z } from 'zod';
import { ReportId } from '../reports/report-id.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_ASKER } from './retried-by-asker.ts';

/** Checks the proxy, the installers that hosts would run, and the node inventory. */
export const checkTeleport = defineJob({
  name: 'check-teleport',
  version: 1,
  queue: 'inventory',
  payload: z.strictObject({ reportId: ReportId }),
  result: z.strictObject({ answer: z.string() }),
  dedupeId: ({ reportId }) => jobId('check-teleport', reportId),
  timeoutMs: 10 * 60_000,
  retry: RETRIED_BY_ASKER,
});
