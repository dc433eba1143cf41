import type { BatchId } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import { collectMember } from '@muster/core/jobs/catalog';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { HandlerDeps } from '../deps.ts';
import { doDueWork } from '../due-work.ts';
import { accessOf, type LookOutcome, mayFollow, type OpenBatch } from './batch-access.ts';
import { followCommand } from './follow-command.ts';
import { resolveSend } from './lost-answer.ts';
import { leaveBatch } from './unproven-batch.ts';

/**
 * Looks once at one batch. Its command is followed until every invocation shows a final StatusDetails, or AWS's own
 * expiry is past by a margin: "not seen" never ends anything. A batch whose send got no answer is looked for by its
 * marker, and only given up when a request of that time can no longer be accepted.
 */
export async function handleCollectCommand(
  { target, batchId }: { readonly target: Target; readonly batchId: BatchId },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<LookOutcome['result']> {
  ctx.note({ target: targetId(target), batchId });
  return doDueWork(deps, 'collect', collectMember(target, batchId), async () => {
    const stored = await deps.ledger.enrollments.intent(target, batchId);
    if (stored === null) return { nextInMs: null, result: { ended: 0, open: 0, state: 'closed' } };
    ctx.note({ sweepIds: stored.value.sweepIds });
    if (!(await mayFollow(target, stored.value, ctx.signal, deps))) return leaveBatch(target, stored, deps);
    const access = accessOf(target, stored.value, deps);
    if (access === null) {
      return {
        nextInMs: deps.timings.heldMs,
        result: { ended: 0, open: stored.value.instanceIds.length, state: 'config-skew' },
      };
    }
    const batch: OpenBatch = { target, intent: stored.value, version: stored.version, access };
    const { command } = stored.value;
    return command === null ? resolveSend(batch, ctx, deps) : followCommand({ ...batch, command }, ctx, deps);
  });
}
