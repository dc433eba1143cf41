import type { Redis } from 'ioredis';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import { decodeBucket, encodeBucket, type HistoryBucket } from './history-bucket.ts';
import { type Resolutions, sampleTimes, type Sampling } from './resolution.ts';

/** Buckets of a span, one per time; null for each that was not kept. */
export interface HistoryReading extends Sampling {
  readonly buckets: readonly (HistoryBucket | null)[];
}

/** What was, bounded: about 10 MB of Redis for a year of an organization of 1,000 accounts. */
export function createHistoryLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}) {
  const { redis, keys, run } = deps;
  const of = (resolution: 'fine' | 'coarse'): string =>
    resolution === 'fine' ? keys.fineHistory : keys.coarseHistory;

  async function bucketsAt(
    resolution: 'fine' | 'coarse',
    atMs: readonly number[],
  ): Promise<readonly (HistoryBucket | null)[]> {
    if (atMs.length === 0) return [];
    const texts = await redis.hmget(of(resolution), ...atMs.map(String));
    return texts.map((text) => (text === null ? null : decodeBucket(text)));
  }

  return {
    /** Whether the bucket that begins at this time is kept. A look that costs nothing, before one gathers what to keep. */
    async isKept(atMs: number): Promise<boolean> {
      return (await redis.hexists(keys.fineHistory, String(atMs))) === 1;
    },

    /**
     * Keeps a bucket for now, as Redis's clock has it: the first of all schedulers does, for each bucket once.
     *
     * @returns whether it was this one, for the fine or the coarse history
     */
    async keep(bucket: HistoryBucket, { fine, coarse }: Resolutions): Promise<boolean> {
      const kept = await run(
        'keep-history',
        [keys.fineHistory, keys.coarseHistory],
        [encodeBucket(bucket), fine.widthMs, fine.kept, coarse.widthMs, coarse.kept],
      );
      return Number(kept) > 0;
    },

    /** The buckets of a span (epoch ms), at most 301 of them. */
    async read(
      span: { readonly fromMs: number; readonly toMs: number },
      resolutions: Resolutions,
      nowMs: number,
    ): Promise<HistoryReading> {
      const sampling = sampleTimes(resolutions, span, nowMs);
      return { ...sampling, buckets: await bucketsAt(sampling.resolution, sampling.atMs) };
    },

    /** The fine bucket that holds this time (epoch ms), or the one before it; null when neither was kept. */
    async at(atMs: number, { fine }: Resolutions): Promise<HistoryBucket | null> {
      const start = Math.floor(atMs / fine.widthMs) * fine.widthMs;
      const [bucket = null, before = null] = await bucketsAt('fine', [start, start - fine.widthMs]);
      return bucket ?? before;
    },
  };
}

export type HistoryLedger = ReturnType<typeof createHistoryLedger>;
