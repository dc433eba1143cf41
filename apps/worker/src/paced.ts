import { JobError, isJobError } from '@muster/core/domain/errors';
import type { PacedAction } from '@muster/core/domain/pacing';
import type { Target } from '@muster/core/domain/target';
import type { HandlerDeps } from './deps.ts';

/**
 * Makes one call of few: free until an answer said that the account is throttled, then in turn with all workers' calls
 * of that target. Nothing is held while waiting: the job comes back when its turn is (`aws.throttled` with the wait).
 */
export async function paced<T>(
  deps: Pick<HandlerDeps, 'ledger'>,
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
  try {
    return await call();
  } catch (error) {
    if (isJobError(error, 'aws.throttled')) {
      const advised = typeof error.retry === 'object' ? error.retry.afterMs : null;
      await deps.ledger.pacing.throttled(target, action, advised);
    }
    throw error;
  }
}
