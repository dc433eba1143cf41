import { EffectiveConfiguration, Processes, RedisFacts } from '@muster/api/installation';
import type { Freshness } from '@muster/api/paging';
import { effectiveSettings } from '@muster/core/config/effective-settings';
import { heardOf, isClockOff, type ProcessClock } from '@muster/core/control/process-clock';
import type { ServerInfo } from '@muster/core/redis/server-info';
import { answer, type ApiRoute, defineRoute } from './route.ts';

/** What is read at the moment that it is asked for. */
function freshAt(nowMs: number): Freshness {
  return { asOf: new Date(nowMs).toISOString(), ageMs: 0, stale: false };
}

export const systemRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'get',
    path: '/configuration',
    operationId: 'readConfiguration',
    tag: 'system',
    summary: 'The configuration in force, without secrets',
    role: 'viewer',
    answer: EffectiveConfiguration,
    handle: (_asked, { config, takenUpAtMs, clock }) => {
      const atMs = takenUpAtMs();
      return answer({
        ...freshAt(clock.now()),
        takenUpAt: atMs === null ? null : new Date(atMs).toISOString(),
        settings: effectiveSettings(config()),
      });
    },
  }),
  defineRoute({
    method: 'get',
    path: '/processes',
    operationId: 'readProcesses',
    tag: 'system',
    summary: 'Schedulers and workers: release, clock, load',
    role: 'viewer',
    answer: Processes,
    async handle(_asked, { ledger }) {
      const { clocks, redisNowMs } = await ledger.clocks.all();
      const items = heardOf(clocks, redisNowMs).map(viewOfProcess);
      return answer({
        ...freshAt(redisNowMs),
        items: items.toSorted((a, b) => a.part.localeCompare(b.part) || a.name.localeCompare(b.name)),
      });
    },
  }),
  defineRoute({
    method: 'get',
    path: '/redis',
    operationId: 'readRedis',
    tag: 'system',
    summary: 'The server that holds ledger and queues',
    role: 'viewer',
    answer: RedisFacts,
    async handle(_asked, deps) {
      const [info, queues] = await Promise.all([deps.readServerInfo(), deps.countQueues()]);
      return answer({
        ...freshAt(deps.clock.now()),
        ...factsOf(info),
        queues: Object.fromEntries(Object.entries(queues).map(([name, counts]) => [name, { ...counts }])),
      });
    },
  }),
];

function viewOfProcess(process: ProcessClock): Processes['items'][number] {
  const { name, part, readAtMs, offsetMs, runs, load } = process;
  return {
    name,
    part,
    heardAt: new Date(readAtMs).toISOString(),
    clockOffsetMs: offsetMs,
    clockIsOff: isClockOff(process),
    release: runs?.release ?? null,
    commit: runs?.commit ?? null,
    node: runs?.node ?? null,
    cpuShare: load?.cpuShare ?? null,
    memoryBytes: load?.memoryBytes ?? null,
  };
}

function factsOf(info: ServerInfo): Omit<RedisFacts, keyof Freshness | 'queues'> {
  const server = info.has('valkey_version') ? 'valkey' : 'redis';
  const number = (field: string): number | null => {
    const text = info.get(field);
    return text === undefined || !/^\d+$/.test(text) ? null : Number(text);
  };
  const limit = number('maxmemory');
  return {
    version: info.get(`${server}_version`) ?? null,
    server,
    mode: info.get('redis_mode') ?? info.get('server_mode') ?? null,
    memoryBytes: number('used_memory'),
    memoryLimitBytes: limit === 0 ? null : limit,
    evictionPolicy: info.get('maxmemory_policy') ?? null,
    persistence: persistenceOf(info),
    clients: number('connected_clients'),
    opsPerSecond: number('instantaneous_ops_per_sec'),
    uptimeSeconds: number('uptime_in_seconds'),
  };
}

/** INFO tells of the append-only file, and when the last snapshot was; whether snapshots are configured, it does not. */
function persistenceOf(info: ServerInfo): string | null {
  const isAppended = info.get('aof_enabled');
  if (isAppended === undefined) return null;
  if (isAppended === '1') return 'append-only file';
  return info.get('rdb_last_bgsave_status') === 'ok'
    ? 'snapshots, if any are configured'
    : 'snapshots, the last one failed';
}
