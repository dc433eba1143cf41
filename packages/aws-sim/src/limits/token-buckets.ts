import type { Limit } from './defaults.ts';

/** Token buckets by name. A bucket that is full again is forgotten: it is the same as one never used. */
export interface TokenBuckets {
  /** Takes one token; false when there is none. */
  take(name: string, limit: Limit, nowMs: number): boolean;
  /** How many buckets are kept at the moment. */
  size(): number;
}

interface Bucket {
  tokens: number;
  atMs: number;
  limit: Limit;
}

const SWEEP_AT = 20_000;

/** Buckets that refill `speed` times as fast as their limits say, because the time they stand for is scaled. */
export function createTokenBuckets(speed: number): TokenBuckets {
  const buckets = new Map<string, Bucket>();
  let sweepAt = SWEEP_AT;

  function tokensNow(bucket: Bucket, nowMs: number): number {
    const refilled = ((nowMs - bucket.atMs) / 1000) * bucket.limit.perSecond * speed;
    return Math.min(bucket.limit.burst, bucket.tokens + refilled);
  }

  function sweep(nowMs: number): void {
    for (const [name, bucket] of buckets) {
      if (tokensNow(bucket, nowMs) >= bucket.limit.burst) buckets.delete(name);
    }
    sweepAt = Math.max(SWEEP_AT, buckets.size * 2);
  }

  return {
    take(name, limit, nowMs) {
      let bucket = buckets.get(name);
      if (bucket === undefined) {
        if (buckets.size >= sweepAt) sweep(nowMs);
        bucket = { tokens: limit.burst, atMs: nowMs, limit };
        buckets.set(name, bucket);
      } else {
        bucket.limit = limit;
        bucket.tokens = tokensNow(bucket, nowMs);
        bucket.atMs = nowMs;
      }
      if (bucket.tokens < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
    size: () => buckets.size,
  };
}
