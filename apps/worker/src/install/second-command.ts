import type { Invocation, TargetAccess } from '@muster/core/install/command';
import type { CommandId, InstanceId } from '@muster/core/organization/ids';
import { isLive } from '@muster/core/install/invocation-result';
import { targetId } from '@muster/core/organization/target';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { HandlerDeps } from '../deps.ts';
import { accessOf, type OpenBatch } from './batch-access.ts';
import { cancelOrTell } from './cancel-command.ts';
import type { TargetRecords } from '@muster/core/enrollment/seal';

/**
 * Two live commands of Muster on one instance: the promise is broken, by a restored Redis, a clock, or another client. It
 * shows when a command is live on an instance whose record follows another one that is live too. People are told, the
 * younger one is canceled where the role may, and both are followed to their end.
 *
 * @param invocations what SSM shows of the command that is being looked at
 */
export async function stopSecondCommand(
  { target, access }: Pick<OpenBatch, 'target' | 'access'>,
  invocations: readonly Invocation[],
  records: TargetRecords,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'commands'>,
): Promise<void> {
  for (const invocation of invocations) {
    const record = records.get(invocation.instanceId)?.value;
    if (record?.state !== 'installing' || record.commandId === invocation.commandId) continue;
    if (!isLive(invocation)) continue;
    const intent = await deps.ledger.enrollments.intent(target, record.batchId);
    const itsAccess = intent === null ? access : (accessOf(target, intent.value, deps) ?? access);
    const other = await findLive(itsAccess, record, ctx, deps);
    if (other === undefined) continue;
    const isOther = other.requestedAtMs > invocation.requestedAtMs;
    const [younger, older] = isOther ? [other, invocation] : [invocation, other];
    await stopYounger(isOther ? itsAccess : access, { younger, older }, ctx, deps);
  }
}

async function stopYounger(
  access: TargetAccess,
  { younger, older }: { readonly younger: Invocation; readonly older: Invocation },
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'clock' | 'commands'>,
): Promise<void> {
  const { commandId, instanceId } = younger;
  // Told first: a call that fails is made again at the next look, and the alarm does not wait for it.
  await deps.ledger.control.raise({
    kind: 'two-live-commands',
    scope: `instance:${instanceId}`,
    sinceMs: deps.clock.now(),
    message: `Two commands of Muster were live on ${instanceId} in ${targetId(access)}: ${older.commandId} and ${commandId}. The younger, ${commandId}, is being canceled.`,
    remedy: `Look at the host: two installers may have run side by side. Where ssm:CancelCommand is not granted, cancel it by hand: aws ssm cancel-command --region ${access.region} --command-id ${commandId} --instance-ids ${instanceId}. muster resume --instance ${instanceId} takes this note away.`,
  });
  ctx.log.error({ target: targetId(access), instanceId, commandId }, 'two live commands on one instance');
  const command = { commandId, instanceIds: [instanceId], why: 'is the second on an instance' };
  await cancelOrTell(access, command, ctx, deps);
}

/** The other command's invocation, while SSM shows it and it has not ended. */
async function findLive(
  access: TargetAccess,
  { commandId, instanceId }: { readonly commandId: CommandId; readonly instanceId: InstanceId },
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'commands'>,
): Promise<Invocation | undefined> {
  const all = await deps.commands.listInvocations(access, commandId, ctx.signal);
  return all.find((one) => one.instanceId === instanceId && isLive(one));
}
