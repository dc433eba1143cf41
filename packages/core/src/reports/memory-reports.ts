import type { InstanceId } from '../organization/ids.ts';
import type { ReportLedger, ReportPart } from './report-port.ts';

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
