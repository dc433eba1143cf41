import type { Redis } from 'ioredis';
import type { InstanceId } from '../organization/ids.ts';
import type { Keys, ReportKeys } from '../redis/keys.ts';
import type { ReportLedger, ReportPart } from './report.ts';

/** After the last write; long enough for an organization of thousands of accounts on one worker. */
const TTL_MS = 3_600_000;
const OPEN = 'open';
/** Answers per read: some hundred kilobytes. */
const CHUNK = 1_000;

/** Reports on Redis. A worker that answers after a report was closed leaves nothing behind that does not expire. */
export function createReportLedger(deps: { readonly redis: Redis; readonly keys: Keys }): ReportLedger {
  const { redis } = deps;
  const keysOf = (reportId: string): ReportKeys => deps.keys.report(reportId);

  async function isOpen(reportId: string): Promise<boolean> {
    return (await redis.hexists(keysOf(reportId).notes, OPEN)) === 1;
  }

  async function expect(reportId: string, parts: readonly string[]): Promise<void> {
    if (parts.length === 0) return;
    const keys = keysOf(reportId);
    const all = [...parts];
    await lasting(redis.multi().sadd(keys.expected, all).sadd(keys.pending, all), keys);
  }

  /** Ends a transaction so that all it wrote expires. */
  async function lasting(multi: ReturnType<Redis['multi']>, keys: ReportKeys): Promise<void> {
    for (const key of Object.values(keys) as string[]) multi.pexpire(key, TTL_MS);
    const replies = (await multi.exec()) ?? [];
    for (const [error] of replies) if (error !== null) throw error;
  }

  return {
    async open(reportId, parts) {
      const keys = keysOf(reportId);
      await lasting(redis.multi().hset(keys.notes, OPEN, '1'), keys);
      await expect(reportId, parts);
    },
    isOpen,
    async put(reportId, notes) {
      if (notes.size === 0) return;
      const keys = keysOf(reportId);
      const fields = [...notes].map(([name, value]) => [name, JSON.stringify(value)]);
      await lasting(redis.multi().hset(keys.notes, Object.fromEntries(fields) as object), keys);
    },
    async get(reportId, name): Promise<unknown> {
      const text = await redis.hget(keysOf(reportId).notes, name);
      return text === null ? null : JSON.parse(text);
    },
    expect,
    async begin(reportId, part) {
      if (!(await isOpen(reportId))) return null;
      const keys = keysOf(reportId);
      const times = await redis.hincrby(keys.begun, part, 1);
      await redis.pexpire(keys.begun, TTL_MS);
      return times;
    },
    async finish(reportId, part, result) {
      if (!(await isOpen(reportId))) return;
      const keys = keysOf(reportId);
      const answer: ReportPart = { part, result };
      await lasting(redis.multi().rpush(keys.results, JSON.stringify(answer)).srem(keys.pending, part), keys);
    },
    async results(reportId, from) {
      const texts = await redis.lrange(keysOf(reportId).results, from, from + CHUNK - 1);
      return texts.map((text) => JSON.parse(text) as ReportPart);
    },
    async progress(reportId) {
      const keys = keysOf(reportId);
      const [expected, begun, pending] = await Promise.all([
        redis.scard(keys.expected),
        redis.hlen(keys.begun),
        redis.scard(keys.pending),
      ]);
      return { expected, begun, pending };
    },
    pending: async (reportId) => (await redis.smembers(keysOf(reportId).pending)).toSorted(),
    async addNodes(reportId, nodes) {
      if (nodes.length === 0) return;
      const keys = keysOf(reportId);
      const fields = nodes.map((node) => [`${node.accountId}/${node.instanceId}`, node.nodeId]);
      await lasting(redis.multi().hset(keys.nodes, Object.fromEntries(fields) as object), keys);
    },
    async findNodes(reportId, accountId, ids) {
      const found = new Map<InstanceId, string>();
      if (ids.length === 0) return found;
      const nodeIds = await redis.hmget(keysOf(reportId).nodes, ...ids.map((id) => `${accountId}/${id}`));
      for (const [index, id] of ids.entries()) {
        const nodeId = nodeIds[index];
        if (typeof nodeId === 'string') found.set(id, nodeId);
      }
      return found;
    },
    async close(reportId) {
      await redis.unlink(...(Object.values(keysOf(reportId)) as string[]));
    },
  };
}

interface MemoryReport {
  readonly notes: Map<string, unknown>;
  readonly expected: Set<string>;
  readonly pending: Set<string>;
  readonly begun: Map<string, number>;
  readonly results: ReportPart[];
  readonly nodes: Map<string, string>;
}

/** Reports in this process, for `--local`: no Redis is needed then. Values are copied, as Redis would. */
export function createMemoryReports(): ReportLedger {
  const reports = new Map<string, MemoryReport>();
  const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null)) as unknown;
  const expect = async (reportId: string, parts: readonly string[]): Promise<void> => {
    const report = reports.get(reportId);
    for (const part of parts) {
      report?.expected.add(part);
      report?.pending.add(part);
    }
    await Promise.resolve();
  };
  return {
    open: async (reportId, parts) => {
      reports.set(reportId, {
        notes: new Map(),
        expected: new Set(),
        pending: new Set(),
        begun: new Map(),
        results: [],
        nodes: new Map(),
      });
      await expect(reportId, parts);
    },
    isOpen: (reportId) => Promise.resolve(reports.has(reportId)),
    put: (reportId, notes) => {
      for (const [name, value] of notes) reports.get(reportId)?.notes.set(name, copy(value));
      return Promise.resolve();
    },
    get: (reportId, name) => Promise.resolve(reports.get(reportId)?.notes.get(name) ?? null),
    expect,
    begin: (reportId, part) => {
      const begun = reports.get(reportId)?.begun;
      const times = begun === undefined ? null : (begun.get(part) ?? 0) + 1;
      if (times !== null) begun?.set(part, times);
      return Promise.resolve(times);
    },
    finish: (reportId, part, result) => {
      const report = reports.get(reportId);
      report?.results.push({ part, result: copy(result) });
      report?.pending.delete(part);
      return Promise.resolve();
    },
    results: (reportId, from) => Promise.resolve(reports.get(reportId)?.results.slice(from) ?? []),
    progress: (reportId) => {
      const report = reports.get(reportId);
      return Promise.resolve({
        expected: report?.expected.size ?? 0,
        begun: report?.begun.size ?? 0,
        pending: report?.pending.size ?? 0,
      });
    },
    pending: (reportId) => Promise.resolve([...(reports.get(reportId)?.pending ?? [])].toSorted()),
    addNodes: (reportId, nodes) => {
      for (const { accountId, instanceId, nodeId } of nodes) {
        reports.get(reportId)?.nodes.set(`${accountId}/${instanceId}`, nodeId);
      }
      return Promise.resolve();
    },
    findNodes: (reportId, accountId, ids) => {
      const found = new Map<InstanceId, string>();
      for (const id of ids) {
        const nodeId = reports.get(reportId)?.nodes.get(`${accountId}/${id}`);
        if (nodeId !== undefined) found.set(id, nodeId);
      }
      return Promise.resolve(found);
    },
    close: (reportId) => {
      reports.delete(reportId);
      return Promise.resolve();
    },
  };
}
