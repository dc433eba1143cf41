import type { BatchId, InstanceId } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import type { JobContext } from '@muster/core/jobs/define-job';
import { accessOf, mayFollow } from './batch-access.ts';
import { cancelOrTell } from './cancel-or-tell.ts';
import type { HandlerDeps } from '../deps.ts';

/** Best effort, as SSM's own is: what runs on a host may go on running, and the command is followed to its end as before. */
export async function handleCancelCommand(
  {
    target,
    batchId,
    instanceId,
  }: { readonly target: Target; readonly batchId: BatchId; readonly instanceId: InstanceId | null },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<{ answer: 'requested' | 'denied' | 'failed' | 'closed' }> {
  const stored = await deps.ledger.enrollments.intent(target, batchId);
  if (stored === null || stored.value.command === null) return { answer: 'closed' };
  const isOurs = await mayFollow(target, stored.value, ctx.signal, deps);
  const access = isOurs ? accessOf(target, stored.value, deps) : null;
  if (access === null) return { answer: 'closed' };
  const { commandId } = stored.value.command;
  const ids = instanceId === null ? stored.value.instanceIds : [instanceId];
  const answer = await cancelOrTell(
    target,
    access,
    { commandId, instanceIds: ids, why: 'was to be canceled' },
    ctx,
    deps,
  );
  return { answer };
}
