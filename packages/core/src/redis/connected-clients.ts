import type { Redis } from 'ioredis';

/**
 * How many connections of each of our processes Redis holds (`CLIENT LIST`, by the names given to `createRedis`). Null
 * where the command is refused, as some services do. Other installations on the same Redis count too.
 */
export async function countClients(redis: Redis, name: string): Promise<number | null> {
  try {
    const list = await redis.client('LIST');
    const names = String(list)
      .split('\n')
      .map((line) => /(?:^| )name=(\S*)/.exec(line)?.[1]);
    return names.filter((one) => one === name).length;
  } catch {
    return null;
  }
}
