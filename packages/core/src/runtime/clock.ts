import type { LedgerClock } from './clock-port.ts';

/** `setTimeout` fires at once for anything longer, so longer sleeps are cut into pieces of this length. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** An answer may be this late and say no more than that; a time further back is that of another Redis. */
const LATE_MS = 1_000;

/** The sources of time. */
export interface TimeSources {
  /** Epoch ms. */
  readonly machineNow: () => number;
  /** Whole ms since any moment, never set. */
  readonly monotonicMs: () => number;
}

const OF_MACHINE: TimeSources = {
  machineNow: () => Date.now(),
  monotonicMs: () => Math.floor(performance.now()),
};

/** The process's clock: everything that needs time takes a `Clock` and gets this one from its main file. */
export function createClock({ machineNow, monotonicMs }: TimeSources = OF_MACHINE): LedgerClock {
  /** Redis's time less the counter. */
  let base: number | null = null;
  return {
    now: () => (base === null ? machineNow() : Math.floor(base + monotonicMs())),
    monotonicMs,
    machineNow,
    told: (redisNowMs) => {
      const told = redisNowMs - monotonicMs();
      if (base === null || told > base || told < base - LATE_MS) base = told;
    },
    sleep,
    after,
  };
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  let leftMs = Math.max(0, ms);
  do {
    const pieceMs = Math.min(leftMs, LONGEST_TIMER_MS);
    await sleepOnce(pieceMs, signal);
    leftMs -= pieceMs;
  } while (leftMs > 0);
}

/** Rejects with the signal's own reason, where Node's promised timer would make an `AbortError` around it. */
function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', leave);
      resolve();
    }, ms);
    const leave = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', leave, { once: true });
  });
}

function after(ms: number, action: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const pieceMs = Math.min(leftMs, LONGEST_TIMER_MS);
    timer = setTimeout(leftMs > pieceMs ? () => wait(leftMs - pieceMs) : action, pieceMs);
  };
  wait(Math.max(0, ms));
  return () => clearTimeout(timer);
}

/** A number in 0..1 for jitter; not for anything that must be hard to guess. */
export function randomShare(): number {
  return Math.random();
}
