/** How busy this process is, as the list of processes shows it. */
export interface ProcessLoad {
  /** Of one core, over the last minute or since the process began to count: 1 is all of it, 2 is two cores. */
  readonly cpuShare: number;
  /** Resident memory. */
  readonly memoryBytes: number;
}

const OVER_MS = 60_000;

interface Sample {
  readonly atMs: number;
  readonly usedMs: number;
}

/**
 * Measures the load each time it is asked.
 *
 * @param monotonicMs a counter that nothing sets
 */
export function createLoadMeter(monotonicMs: () => number): () => ProcessLoad {
  const sample = (): Sample => {
    const { user, system } = process.cpuUsage();
    return { atMs: monotonicMs(), usedMs: (user + system) / 1_000 };
  };
  let samples: readonly Sample[] = [sample()];
  return () => {
    const now = sample();
    // The first that is kept is the last one from before the minute: the share is of a minute, not of less.
    const within = samples.findIndex(({ atMs }) => now.atMs - atMs < OVER_MS);
    samples = [...samples.slice(within === -1 ? -1 : Math.max(0, within - 1)), now];
    const first = samples[0] ?? now;
    const elapsedMs = now.atMs - first.atMs;
    const share = elapsedMs > 0 ? (now.usedMs - first.usedMs) / elapsedMs : 0;
    return { cpuShare: Number(share.toFixed(3)), memoryBytes: process.memoryUsage.rss() };
  };
}
