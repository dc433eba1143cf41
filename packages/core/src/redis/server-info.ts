import type { Redis } from 'ioredis';
import { messageOf } from '../runtime/errors.ts';
import { redisFault, refusedEntry, troubleOf } from './redis-fault.ts';
import { isInCluster } from './slot-owner.ts';

/** The fields of INFO. */
export type ServerInfo = ReadonlyMap<string, string>;

const START_OR_CORRECT =
  'Start Redis, or correct REDIS_URL (muster.redis.url): redis-cli -u "$REDIS_URL" ping must answer PONG';

/** Asks INFO. Throws `ledger.unavailable`, with what stands in the way, when it is not answered. */
export async function readServerInfo(redis: Redis): Promise<ServerInfo> {
  let text: string;
  try {
    text = await redis.info();
  } catch (error) {
    // A connection that was refused entry is not ready, and its own error says only that.
    const trouble = troubleOf(redis);
    const met = trouble instanceof Error ? trouble : error;
    const { problem, remedy } = refusedEntry(met) ?? {
      problem: `Redis did not answer: ${messageOf(met)}`,
      remedy: START_OR_CORRECT,
    };
    throw redisFault({ code: 'ledger.unavailable', problem, remedy, cause: error });
  }
  const lines = text.split('\n').filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimEnd()]),
  );
}

/** Throws `config.unsafe` for a Sentinel's port, and where the URL names one server and this is a Cluster's, or the other way round. */
export function requireOnePrimary(redis: Redis, info: ServerInfo): void {
  // Valkey has another name for it.
  const mode = info.get('redis_mode') ?? info.get('server_mode');
  const { host = '127.0.0.1', port = 6379, tls } = redis.options;
  const scheme = tls === undefined ? 'redis' : 'rediss';
  if (mode === 'sentinel') {
    const primary = [...info].find(([field]) => field === 'master0')?.[1] ?? '';
    const address = /address=([^,]+)/.exec(primary)?.[1];
    const name = /name=([^,]+)/.exec(primary)?.[1];
    throw redisFault({
      code: 'config.unsafe',
      problem: 'This is the port of a Redis Sentinel, and the Redis URL names one server',
      remedy: `Let REDIS_URL (muster.redis.url) name the Sentinels: ${scheme}+sentinel://HOST:PORT,HOST:PORT/${name ?? 'NAME'}, user and password those of Redis${address === undefined ? '' : ` (it watches ${address})`}`,
    });
  }
  if (mode === 'cluster' && !isInCluster(redis)) {
    throw redisFault({
      code: 'config.unsafe',
      problem:
        'This Redis is a node of a Redis Cluster (INFO says cluster), and the Redis URL names one server',
      remedy: `Let REDIS_URL (muster.redis.url) name the Cluster: ${scheme}+cluster://${host}:${port},HOST:PORT with two or three of its nodes, user and password as now, and no database number`,
    });
  }
  if (mode === 'standalone' && isInCluster(redis)) {
    throw redisFault({
      code: 'config.unsafe',
      problem: 'This Redis is in no Redis Cluster (INFO says standalone), and the Redis URL names a Cluster',
      remedy: `Let REDIS_URL (muster.redis.url) name the server: ${scheme}://${host}:${port}, user and password as now`,
    });
  }
}

/**
 * Throws `config.unsafe` for a Redis that does not say by which history it goes: `EpochLedger` could not see that it was
 * restored or failed over.
 */
export function requireHistory(info: ServerInfo): void {
  if (info.has('run_id') || info.has('master_replid')) return;
  throw redisFault({
    code: 'config.unsafe',
    problem:
      'This Redis tells neither run_id nor master_replid in INFO: Muster could not see that it was restored or failed over, and might send a command twice',
    remedy: 'Use a Redis or Valkey that tells them, or let the service show these fields',
  });
}

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
