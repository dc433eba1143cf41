/** Time, so that tests can hold it. Every duration given here is already scaled by the demo's speed. */
export interface Clock {
  /** Epoch milliseconds, UTC. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Does `action` after `ms`, unless the returned function is called before. For watches, of which a busy process makes many. */
  after(ms: number, action: () => void): () => void;
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
