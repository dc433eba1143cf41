import type { z } from 'zod';
import { AuditPage, AuditQuery, AuditRow } from '@muster/api/audit';
import { pageOfRows } from './page-of-rows.ts';
import { answer, type ApiRoute, defineRoute } from './route.ts';

/** Who did what. */
export const auditRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'get',
    path: '/audit',
    operationId: 'listAudit',
    tag: 'audit',
    summary: 'Who did what, from where, over how many hosts',
    description:
      'What Redis keeps, the newest 50,000 entries; older ones lie in the export alone. `chain` says whether all that is kept still is what was written.',
    role: 'viewer',
    query: AuditQuery,
    list: { row: AuditRow, sorts: ['at', 'by', 'act', 'scope', 'result', 'hosts'], usualSort: '-at' },
    answer: AuditPage,
    async handle({ query, list }, deps) {
      const { rows, verdict } = await deps.auditView.read();
      const freshness = { asOf: new Date(deps.clock.now()).toISOString(), ageMs: 0, stale: false };
      const wanted = rows.filter((row) => isWanted(row, query));
      return answer({
        ...pageOfRows(wanted, { list, idOf: ({ id }) => id, freshness }),
        chain: {
          holds: verdict.fault === null,
          firstBroken: verdict.fault === null ? null : `${verdict.fault.place}: ${verdict.fault.why}`,
          keptSince: rows.at(-1)?.at ?? null,
        },
      });
    },
  }),
];

function isWanted(row: AuditRow, { act, by, since, q }: z.infer<typeof AuditQuery>): boolean {
  const text = q?.toLowerCase();
  return (
    (act === undefined || act.includes(row.act)) &&
    (by === undefined || by.includes(row.by)) &&
    (since === undefined || row.at >= since) &&
    (text === undefined ||
      [row.by, row.from, row.scope, row.reason, row.detail].some((part) => part.toLowerCase().includes(text)))
  );
}
