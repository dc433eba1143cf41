import { z } from 'zod';
import { BatchId, InstanceId } from '../organization/ids.ts';
import { Target, targetId } from '../organization/target.ts';
import { defineJob, jobId } from './define-job.ts';
import { RETRIED_BY_ASKER } from './retried-by-asker.ts';

/** Asks SSM to cancel a batch's command, on one of its instances or on all (null). The command's end is collected as any other. */
export const cancelCommand = defineJob({
  name: 'cancel-command',
  version: 1,
  queue: 'enrollment',
  payload: z.strictObject({ target: Target, batchId: BatchId, instanceId: InstanceId.nullable() }),
  result: z.strictObject({ answer: z.enum(['requested', 'denied', 'failed', 'closed']) }),
  dedupeId: ({ target, batchId, instanceId }) =>
    jobId('cancel-command', targetId(target), batchId, instanceId ?? 'all'),
  timeoutMs: 60_000,
  retry: RETRIED_BY_ASKER,
});
