import type { TargetAccess } from '@muster/core/install/command';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { BatchId, CommandId, InstanceId } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import type { HandlerDeps } from '../deps.ts';
import { accessOf, mayFollow } from './batch-access.ts';

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
  const command = { commandId, instanceIds: ids, why: 'was to be canceled' };
  const answer = await cancelOrTell(access, command, ctx, deps);
  return { answer };
}

/**
 * Stops a command in SSM where the role allows it; where that fails, people are told. Best effort, as SSM's own is:
 * no work waits for it. Throws `aws.throttled`, which passes, and nothing else that AWS says.
 *
 * @param command.why completes "Command … " in the finding, such as `has expired without an end on 3 instances`
 */
export async function cancelOrTell(
  access: TargetAccess,
  command: {
    readonly commandId: CommandId;
    readonly instanceIds: readonly InstanceId[];
    readonly why: string;
  },
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'commands' | 'ledger' | 'clock'>,
): Promise<'requested' | 'denied' | 'failed'> {
  const { commandId, instanceIds, why } = command;
  const answer = await deps.commands
    .cancelCommand(access, commandId, instanceIds, ctx.signal)
    .catch((error: unknown) => {
      if (!isJobError(error) || error.code === 'aws.throttled') throw error;
      ctx.log.warn({ target: targetId(access), commandId, err: error }, 'command not canceled');
      return messageOf(error);
    });
  if (answer === 'requested') return answer;
  const denied = answer === 'denied';
  await deps.ledger.control.raise({
    kind: 'command-not-canceled',
    scope: targetId(access),
    sinceMs: deps.clock.now(),
    message: `Command ${commandId} ${why}, and ${denied ? 'the role may not cancel it' : `could not be canceled: ${answer}`}.`,
    remedy: `Grant ssm:CancelCommand to the member role, or cancel it by hand: aws ssm cancel-command --region ${access.region} --command-id ${commandId}`,
  });
  return denied ? 'denied' : 'failed';
}
