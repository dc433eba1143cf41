import type { Matcher } from '@muster/core/domain/matcher';
import { targetId, type Target } from '@muster/core/domain/target';
import type { JobContext } from '@muster/core/jobs/outcome';
import type { HandlerDeps } from '../deps.ts';
import { reconcileTarget } from './reconcile-target.ts';

/**
 * The current epoch, once the target's own commands were looked through under it. A send that began under the last one
 * may still be on its way, and SSM may hide it for a while: so the look is only worth something after that.
 */
export async function enterEpoch(
  target: Target,
  matchers: readonly Matcher[],
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<string | { readonly notBeforeMs: number }> {
  const epoch = await deps.ledger.control.epoch();
  const before = await deps.ledger.enrollments.reconciledEpoch(target);
  if (before === epoch) return epoch;
  const now = deps.clock.now();
  const { sendWindowMs, visibilityMs } = deps.config.install;
  const seenAtMs = await deps.ledger.control.epochSeenAt(epoch, now);
  const notBeforeMs = seenAtMs + sendWindowMs + visibilityMs + deps.timings.clockSkewMs;
  if (now < notBeforeMs) return { notBeforeMs };
  const adopted = await reconcileTarget(target, matchers, ctx.signal, deps);
  if (adopted > 0) ctx.log.warn({ target: targetId(target), adopted }, 'live commands adopted');
  if (adopted > 0 || before !== null) await raiseEpochFinding(deps);
  await deps.ledger.enrollments.setReconciledEpoch(target, epoch);
  return epoch;
}

/** People should know that Redis was not what it had been: some of what they ordered may be lost. */
async function raiseEpochFinding({ ledger, clock }: HandlerDeps): Promise<void> {
  await ledger.control.raise({
    kind: 'ledger-epoch-changed',
    scope: 'all',
    sinceMs: clock.now(),
    message:
      'Redis was restarted, restored, emptied or failed over. Live commands were looked for in AWS and taken in.',
    remedy:
      'Pauses that are not in the configuration, back-off and history may be lost: set pauses again where they are needed. muster resume --all takes this note away.',
  });
}
