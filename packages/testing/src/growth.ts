/** One value at one moment, epoch ms. */
export interface Measured {
  readonly atMs: number;
  readonly value: number;
}

const HOUR_MS = 3_600_000;

/**
 * By how much a value grows in an hour: the median of the slopes of all pairs of readings (Theil–Sen), so that a single
 * high reading, such as one taken just before garbage was collected, moves nothing. 0 of fewer than two readings.
 */
export function growthPerHour(readings: readonly Measured[]): number {
  const slopes = readings.flatMap((first, n) =>
    readings
      .slice(n + 1)
      .filter(({ atMs }) => atMs > first.atMs)
      .map(({ atMs, value }) => ((value - first.value) / (atMs - first.atMs)) * HOUR_MS),
  );
  return slopes.length === 0 ? 0 : middle(slopes);
}

/** The middle value of an odd number of them, and the mean of the two in the middle of an even one; NaN of none. */
export function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
