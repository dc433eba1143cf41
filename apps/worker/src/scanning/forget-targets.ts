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
