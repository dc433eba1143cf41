import { messageOf } from '@muster/core/runtime/errors';
import type { Clock } from '@muster/core/runtime/clock-port';

/** What is known now: the last value that could be read, and whether it could be read just now. */
export interface CachedRead<T> {
  /** The last value; null when there never was one. */
  readonly value: T | null;
  /** Epoch ms at which `value` was read; null when there is none. */
  readonly readAtMs: number | null;
  /** Why the last try failed, though an older value may be known; null when it did not. */
  readonly error: string | null;
}

/** A reading rests this many times as long as it took, so that watching a large organization costs Redis little. */
const REST_FACTOR = 4;

/**
 * One reading for all viewers who ask within `minIntervalMs`, and never two at once: any number of viewers costs as much
 * as one. A failure is remembered as long as a value, and leaves the value before it in place. Never rejects.
 */
export function createCachedRead<T>(options: {
  readonly read: () => Promise<T>;
  readonly clock: Pick<Clock, 'now'>;
  readonly minIntervalMs: number;
}): () => Promise<CachedRead<T>> {
  const { read, clock, minIntervalMs } = options;
  let last: CachedRead<T> = { value: null, readAtMs: null, error: null };
  let freshUntilMs = Number.NEGATIVE_INFINITY;
  let underWay: Promise<CachedRead<T>> | null = null;

  async function readNow(): Promise<CachedRead<T>> {
    const startedAtMs = clock.now();
    try {
      last = { value: await read(), readAtMs: startedAtMs, error: null };
    } catch (error) {
      last = { ...last, error: messageOf(error) };
    }
    const tookMs = clock.now() - startedAtMs;
    freshUntilMs = clock.now() + Math.max(minIntervalMs, REST_FACTOR * tookMs);
    return last;
  }

  return () => {
    if (underWay !== null) return underWay;
    if (clock.now() < freshUntilMs) return Promise.resolve(last);
    underWay = readNow().finally(() => {
      underWay = null;
    });
    return underWay;
  };
}
