import { AuditPage, AuditQuery, AuditRow } from '@muster/api/audit';
import { AUDIT_ACTS } from '@muster/core/control/audit/audit-entry';
import { faultsOfWords } from './list-request.ts';
import { pageOfSorted } from './page-of-rows.ts';
import { invalidRequest, problem, type RequestFault } from './problem.ts';
import { answer, type ApiRoute, defineRoute, refuse } from './route.ts';

/** A slip would be answered with an empty list, as if nothing had been done. An act of a newer release is one while it is among the entries. */
function faultsOfActs(
  asked: readonly string[] | undefined,
  rows: readonly Pick<AuditRow, 'act'>[],
): readonly RequestFault[] {
  const unknown = (asked ?? []).filter((act) => !AUDIT_ACTS.some((known) => known === act));
  const met = unknown.filter((act) => rows.some((row) => row.act === act));
  return faultsOfWords('act', unknown, [...AUDIT_ACTS, ...met]);
}

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
    async handle({ query, list, principal }, deps) {
      const { rows, verdict } = await deps.auditView.read();
      const faults = faultsOfActs(query.act, rows);
      if (faults.length > 0) return refuse(invalidRequest(faults));
      const freshness = { asOf: new Date(deps.clock.now()).toISOString(), ageMs: 0, stale: false };
      const { sort } = list;
      const selected = await deps.auditSelections.select(rows, { filter: query, sort, asker: principal });
      if (selected.kind === 'wait') {
        return refuse(
          problem(429, 'Too many different questions on the audit. Ask again when Retry-After is over.'),
          { 'Retry-After': String(selected.waitSeconds) },
        );
      }
      return answer({
        ...pageOfSorted(selected.rows, { list, idOf: ({ id }) => id, freshness }),
        chain: {
          holds: verdict.fault === null,
          firstBroken: verdict.fault === null ? null : `${verdict.fault.place}: ${verdict.fault.why}`,
          keptSince: rows.at(-1)?.at ?? null,
        },
      });
    },
  }),
];
