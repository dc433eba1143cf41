import { JobError, isJobError } from '@muster/core/runtime/errors';
import type { PacedAction } from '@muster/core/install/pacing';
import type { Target } from '@muster/core/organization/target';
import type { HandlerDeps } from './deps.ts';

/**
 * Makes one call of few: free until an answer said that the account is throttled, then in turn with all workers' calls
 * of that target. Nothing is held while waiting: the job comes back when its turn is (`aws.throttled` with the wait).
 */
export async function paced<T>(
  deps: Pick<HandlerDeps, 'ledger' | 'clock'>,
  target: Target,
  action: PacedAction,
  call: () => Promise<T>,
): Promise<T> {
  const waitMs = await deps.ledger.pacing.takeIfKnown(target, action);
  if (waitMs > 0) {
    throw new JobError('aws.throttled', `our share of ${action} is used up`, {
      retry: { afterMs: waitMs },
      details: { action, own: true },
    });
  }
  const leftAtMs = deps.clock.monotonicMs();
  try {
    return await call();
  } catch (error) {
    if (isJobError(error, 'aws.throttled')) {
      const afterMs = await deps.ledger.pacing.throttled(target, action, {
        // AWS's own words on when to come back: the adapter's advice without them is a guess, and the bucket knows better.
        retryAfterMs: error.details.retryAfterMs ?? null,
        tookMs: deps.clock.monotonicMs() - leftAtMs,
      });
      throw new JobError('aws.throttled', error.message, {
        retry: { afterMs },
        details: error.details,
        cause: error,
      });
    }
    throw error;
  }
}
