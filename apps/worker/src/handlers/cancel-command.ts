import type { BatchId, InstanceId } from '@muster/core/domain/ids';
import { targetId, type Target } from '@muster/core/domain/target';
import type { JobContext } from '@muster/core/jobs/outcome';
import { accessOf } from '../sending/batch-access.ts';
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
): Promise<{ answer: 'requested' | 'denied' | 'closed' }> {
  const stored = await deps.ledger.enrollments.intent(target, batchId);
  const access = stored === null ? null : accessOf(target, stored.value, deps);
  if (stored === null || stored.value.command === null || access === null) return { answer: 'closed' };
  const { commandId } = stored.value.command;
  const ids = instanceId === null ? stored.value.instanceIds : [instanceId];
  const answer = await deps.commands.cancelCommand(access, commandId, ids, ctx.signal);
  if (answer === 'denied') {
    await deps.ledger.control.raise({
      kind: 'command-not-canceled',
      scope: targetId(target),
      sinceMs: deps.clock.now(),
      message: `Command ${commandId} was to be canceled, and the role may not.`,
      remedy: 'Grant ssm:CancelCommand to the member role, or cancel the command in the AWS console.',
    });
  }
  return { answer };
}
