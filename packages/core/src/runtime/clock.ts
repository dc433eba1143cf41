import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';

/** `setTimeout` fires at once for anything longer, so longer sleeps are cut into pieces of this length. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The machine's clock. Everything that needs time takes a `Clock` and gets this one from `main.ts`. */
export function createClock(): Clock {
  return { now: () => Date.now(), sleep };
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  let leftMs = Math.max(0, ms);
  do {
    const pieceMs = Math.min(leftMs, LONGEST_TIMER_MS);
    await sleepOnce(pieceMs, signal);
    leftMs -= pieceMs;
  } while (leftMs > 0);
}

/** Rejects with the signal's own reason, where Node would reject with an AbortError around it. */
async function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleepFor(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** A number in 0..1 for jitter; not for anything that must be hard to guess. */
export function randomShare(): number {
  return Math.random();
}
