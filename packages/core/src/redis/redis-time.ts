import type { Redis } from 'ioredis';

/** The time of Redis's own clock, epoch ms: what processes compare is dated by it. */
export async function redisTime(redis: Pick<Redis, 'time'>): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}
