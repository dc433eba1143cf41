import { useSyncExternalStore } from 'react';
import { serverNow } from '../api/connection.ts';

const TICK_MS = 5_000;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let nowMs = serverNow();

/** The time by the server's clock, renewed every few seconds for all that show an age: one timer for the whole page. */
export function useNow(): number {
  return useSyncExternalStore(watch, () => nowMs);
}

function watch(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  nowMs = serverNow();
  for (const listener of listeners) listener();
}
