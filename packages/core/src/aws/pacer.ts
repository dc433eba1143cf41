import type { Clock } from '../runtime/clock-port.ts';
import type { Pace } from './limits.ts';

/** Waits for its turn; rejects with the signal's reason when aborted. */
export type Pacer = (signal: AbortSignal) => Promise<void>;

/**
 * A token bucket within this process, for the few calls of one caller's bucket that one listing makes in a chain.
 * What is shared by many jobs is paced through Redis, above the adapter.
 */
export function createPacer(clock: Pick<Clock, 'now' | 'sleep'>, pace: Pace): Pacer {
  const perTokenMs = 1000 / pace.perSecond;
  let fullAtMs = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    const nowMs = clock.now();
    fullAtMs = Math.max(fullAtMs, nowMs) + perTokenMs;
    const waitMs = fullAtMs - nowMs - perTokenMs * pace.burst;
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  };
}
