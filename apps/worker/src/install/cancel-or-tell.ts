import type { TargetAccess } from '@muster/core/install/command';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import type { CommandId, InstanceId } from '@muster/core/organization/ids';
import { targetId, type Target } from '@muster/core/organization/target';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { HandlerDeps } from '../deps.ts';

/**
 * Stops a command in SSM where the role allows it; where that fails, people are told. Best effort, as SSM's own is:
 * no work waits for it. Throws `aws.throttled`, which passes, and nothing else that AWS says.
 *
 * @param command.why completes "Command … " in the finding, such as `has expired without an end on 3 instances`
 */
export async function cancelOrTell(
  target: Target,
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
      ctx.log.warn({ target: targetId(target), commandId, err: error }, 'command not canceled');
      return messageOf(error);
    });
  if (answer === 'requested') return answer;
  const denied = answer === 'denied';
  await deps.ledger.control.raise({
    kind: 'command-not-canceled',
    scope: targetId(target),
    sinceMs: deps.clock.now(),
    message: `Command ${commandId} ${why}, and ${denied ? 'the role may not cancel it' : `could not be canceled: ${answer}`}.`,
    remedy: `Grant ssm:CancelCommand to the member role, or cancel it by hand: aws ssm cancel-command --region ${target.region} --command-id ${commandId}`,
  });
  return denied ? 'denied' : 'failed';
}
