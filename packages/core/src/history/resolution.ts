/** How history is spaced, and how much of it is kept. */
export interface Resolution {
  readonly widthMs: number;
  /** Buckets that are kept. */
  readonly kept: number;
}

export interface Resolutions {
  readonly fine: Resolution;
  readonly coarse: Resolution;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** In a simulation that runs faster than time a bucket is never shorter. */
const SHORTEST_MS = 5_000;

/**
 * Every five minutes for 48 hours, every hour for a year.
 *
 * @param speed how many times faster than time the simulation runs; 1 in production
 */
export function resolutionsAt(speed: number): Resolutions {
  const width = (ms: number): number => Math.max(SHORTEST_MS, Math.round(ms / speed / 1_000) * 1_000);
  return {
    fine: { widthMs: width(5 * MINUTE_MS), kept: 48 * 12 },
    coarse: { widthMs: width(HOUR_MS), kept: 365 * 24 },
  };
}

/** Points of one answer; a chart is no wider. */
const MOST_POINTS = 300;

/** Which buckets answer a question, and their times (epoch ms), the oldest first. */
export interface Sampling {
  readonly resolution: 'fine' | 'coarse';
  readonly stepMs: number;
  readonly atMs: readonly number[];
}

/**
 * Picks the buckets for a span: the fine ones where they reach back to its start, and so few of them that an answer about a
 * year costs no more than one about a day.
 */
export function sampleTimes(
  { fine, coarse }: Resolutions,
  span: { readonly fromMs: number; readonly toMs: number },
  nowMs: number,
): Sampling {
  const isFine = span.fromMs >= nowMs - fine.widthMs * fine.kept;
  const { widthMs, kept } = isFine ? fine : coarse;
  const toMs = Math.min(span.toMs, nowMs);
  const fromMs = Math.max(span.fromMs, nowMs - widthMs * kept);
  const stepMs = widthMs * Math.max(1, Math.ceil((toMs - fromMs) / widthMs / MOST_POINTS));
  const atMs: number[] = [];
  // Buckets that begin at multiples of the step: the same ones, whenever the page asks again.
  for (let at = Math.ceil(fromMs / stepMs) * stepMs; at <= toMs; at += stepMs) atMs.push(at);
  return { resolution: isFine ? 'fine' : 'coarse', stepMs, atMs };
}
