import type { Clock } from '@muster/core/runtime/clock-port';

/** The epochs of the ledger that this process has met, timed by its own counter. */
export interface SeenEpochs {
  /**
   * For how long the process has known the epoch, ms; infinite for the first that it met. A wait that began with the epoch
   * is as long by this as by Redis, whose clock may be another one's since.
   */
  knownForMs(epoch: string): number;
}

export function createSeenEpochs(clock: Pick<Clock, 'monotonicMs'>): SeenEpochs {
  const metAtMs = new Map<string, number>();
  return {
    knownForMs: (epoch) => {
      const now = clock.monotonicMs();
      const known = metAtMs.get(epoch) ?? (metAtMs.size === 0 ? Number.NEGATIVE_INFINITY : now);
      metAtMs.set(epoch, known);
      return now - known;
    },
  };
}
