import type { Clock } from '@muster/core/runtime/clock-port';
import type { AnyJob, PayloadOf } from '@muster/core/jobs/define-job';
import type { EnqueueJobs, HintLater } from './deps.ts';

/** Longer waits are left to the scheduler's tick, which comes every second: there its delay is a small part. */
const LONGEST_MS = 5_000;
/** The queue drops a hint at work whose job has not ended; after this long, the job that asks has. */
const SHORTEST_MS = 20;
/** About 200 bytes each. */
const MOST = 10_000;

/**
 * Hints at work whose turn comes in a moment, so that it does not wait for the next tick, nor behind a long queue: it is
 * its bucket that slows it down, and a turn missed is lost. Kept by timers of this process: nothing is lost with it, since
 * what is due stands in the ledger.
 */
export interface LateHints {
  /** Hints after `afterMs`; does nothing when that is long, or when very many are waiting. */
  readonly later: HintLater;
  /** Forgets what waits. */
  close(): void;
}

export function createLateHints(deps: {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly enqueue: EnqueueJobs;
}): LateHints {
  const closing = new AbortController();
  let waiting = 0;
  const hint = async <Job extends AnyJob>(
    job: Job,
    payload: PayloadOf<Job>,
    afterMs: number,
  ): Promise<void> => {
    waiting += 1;
    try {
      await deps.clock.sleep(Math.max(afterMs, SHORTEST_MS), closing.signal);
      await deps.enqueue(job, [payload], { first: true });
    } catch {
      // Closed, or Redis is away: the tick comes.
    } finally {
      waiting -= 1;
    }
  };
  return {
    later: (job, payload, afterMs) => {
      if (afterMs <= LONGEST_MS && waiting < MOST && !closing.signal.aborted) {
        void hint(job, payload, afterMs);
      }
    },
    close: () => {
      closing.abort(new Error('the worker stops'));
    },
  };
}
