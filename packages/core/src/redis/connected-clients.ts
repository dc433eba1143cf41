import type { Redis } from 'ioredis';

/** Of our processes, one connection of each kind is counted: by the name that each gives to `createRedis`. */
const COUNTED = { schedulers: 'muster-console', workers: 'muster-worker-producer' } as const;

/** Processes connected to Redis; null where Redis does not tell. Other installations on the same Redis count too. */
export interface ProcessCounts {
  readonly schedulers: number | null;
  readonly workers: number | null;
}

/** Who is there to do the work. */
export async function countProcesses(redis: Redis): Promise<ProcessCounts> {
  const [schedulers, workers] = await Promise.all([
    countClients(redis, COUNTED.schedulers),
    countClients(redis, COUNTED.workers),
  ]);
  return { schedulers, workers };
}

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
