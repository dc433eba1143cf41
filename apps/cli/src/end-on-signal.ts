import { constants } from 'node:os';

/** The signals that ask a process to end. SIGHUP is not among them: it has a configuration read again. */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
type EndSignal = (typeof SIGNALS)[number];

/**
 * For a verb that keeps nothing to be ended in order. The kernel ends such a process on a signal, but not the first process of
 * a container: there it drops signals without a handler, and `docker stop` would wait ten seconds and kill.
 */
export function endFirstProcessOnSignal(process: NodeJS.Process): void {
  if (process.pid !== 1) return;
  for (const signal of SIGNALS) process.on(signal, endAtOnce);
}

/** Has `handle` called on a signal, instead of an end at once, until what is returned is called. */
export function onEndSignal(handle: (signal: EndSignal) => void): () => void {
  for (const signal of SIGNALS) {
    process.off(signal, endAtOnce);
    process.on(signal, handle);
  }
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle);
    endFirstProcessOnSignal(process);
  };
}

/** With the code that a shell shows for the signal: 143 or 130. */
function endAtOnce(signal: EndSignal): void {
  process.exit(128 + constants.signals[signal]);
}
