import type { Target } from '@muster/core/domain/target';
import type { HandlerDeps } from '../deps.ts';
import { applyEvents } from '../records/apply-events.ts';
import { dropLabels } from '../records/track-labels.ts';

/**
 * Targets that left the scope for good (their account is no longer in a complete account list): what they held is gone.
 * Open commands are still followed to their end; due work finds its target unknown and ends by itself.
 */
export async function forgetTargets(
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random' | 'timings' | 'enqueue'>,
  targets: readonly Target[],
): Promise<void> {
  for (const target of targets) {
    const records = await deps.ledger.enrollments.readAll(target);
    await applyEvents(deps, target, records, () => [{ kind: 'not-seen' }]);
    await dropLabels(target, deps);
  }
}

/** What had an open command when its account left the organization is gone once that command has ended. */
export async function forgetIfRemoved(
  deps: Parameters<typeof forgetTargets>[0],
  target: Target,
): Promise<void> {
  const { coverage } = deps.ledger;
  if ((await coverage.account(target.accountId)) !== null) return;
  // One that is known but cannot be read is not one that was removed.
  if ((await coverage.accountIds()).includes(target.accountId)) return;
  await forgetTargets(deps, [target]);
}
