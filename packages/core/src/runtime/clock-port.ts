/** Time, so that tests can hold it. Every duration given here is already scaled by the demo's speed. */
export interface Clock {
  /**
   * The ledger's time: epoch milliseconds, UTC, as Redis last told it, counted on by `monotonicMs`. Before Redis has told it,
   * and in a process that asks no Redis, the machine's.
   */
  now(): number;
  /** Whole milliseconds of a counter that nothing sets: for durations, and for waits that no other clock may shorten. */
  monotonicMs(): number;
  /** What the machine takes the time for (epoch ms): to be compared with other clocks, never to date anything. */
  machineNow(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Does `action` after `ms`, unless the returned function is called before. For watches, of which a busy process makes many. */
  after(ms: number, action: () => void): () => void;
}

/** The clock of a process that Redis tells the time. */
export interface LedgerClock extends Clock {
  /** Takes up what an answer of Redis said (epoch ms): the answer was under way, so it is never ahead. */
  told(redisNowMs: number): void;
}

/** What `within` comes to when the time is over first. */
export const LATE = Symbol('late');

/** Waits for `work`, but not longer than `ms`. The work itself goes on, and its result is dropped then. */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T | typeof LATE> {
  const late = Promise.withResolvers<typeof LATE>();
  const cancel = clock.after(ms, () => {
    late.resolve(LATE);
  });
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    cancel();
  }
}
