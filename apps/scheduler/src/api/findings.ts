import { z } from 'zod';
import { FindingRow, FindingsPage, FindingsQuery } from '@muster/api/findings';
import { Owner, Severity } from '@muster/api/scopes';
import { FINDING_KINDS } from '@muster/core/control/finding-kinds';
import { Cause } from '@muster/core/enrollment/cause';
import { rowsOfFindings, urgencyOf } from './finding-rows.ts';
import { faultsOfWords } from './list-request.ts';
import { pageOfRows } from './page-of-rows.ts';
import { invalidRequest, problem, type RequestFault } from './problem.ts';
import { answer, type ApiRoute, defineRoute, refuse } from './route.ts';
import { replyFromSnapshot } from './reply-from.ts';

/** The findings that stand. */
export const findingRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'get',
    path: '/findings',
    operationId: 'listFindings',
    tag: 'findings',
    summary: 'What is to be acted on, with remedy and owner',
    description: 'Findings, pauses, and one row per cause of hosts that are not enrolled.',
    role: 'viewer',
    query: FindingsQuery,
    list: {
      row: FindingRow,
      sorts: ['urgency', 'since', 'kind', 'scope', 'owner', 'severity', 'hosts', 'count'],
      usualSort: 'urgency',
    },
    answer: FindingsPage,
    async handle({ query, list }, deps) {
      const { value: facts } = await deps.readModelFacts();
      return replyFromSnapshot(await deps.readSnapshot(), deps, (snapshot, freshness) => {
        const all = rowsOfFindings(snapshot, facts?.accountsByCause);
        const faults = faultsOfQuery(query, all);
        if (faults.length > 0) return refuse(invalidRequest(faults));
        const rows = all
          .map((row) => ({ ...row, urgency: urgencyOf(row) }))
          .filter((row) => isWanted(row, query));
        const page = pageOfRows(rows, { list, idOf: ({ id }) => id, freshness });
        return answer({ ...page, items: page.items.map(({ urgency: _urgency, ...row }) => row) });
      });
    },
  }),
  defineRoute({
    method: 'get',
    path: '/findings/{id}',
    operationId: 'readFinding',
    tag: 'findings',
    summary: 'One finding',
    role: 'viewer',
    params: z.object({ id: z.string().max(400).describe('`KIND@SCOPE`, as the list has it.') }),
    answer: FindingRow,
    problems: [404],
    async handle({ params: { id } }, deps) {
      const { value: facts } = await deps.readModelFacts();
      return replyFromSnapshot(await deps.readSnapshot(), deps, (snapshot) => {
        const found = rowsOfFindings(snapshot, facts?.accountsByCause).find((row) => row.id === id);
        return found === undefined
          ? refuse(
              problem(404, 'No such finding stands: it may have ended. GET findings lists those that do.'),
            )
          : answer(found);
      });
    },
  }),
];

/** Words that no finding can have: a slip would be answered with an empty list, as if all were well. */
function faultsOfQuery(
  { kind, owner, severity }: z.infer<typeof FindingsQuery>,
  rows: readonly FindingRow[],
): readonly RequestFault[] {
  const kinds = [
    ...FINDING_KINDS,
    'paused',
    ...Cause.options.map((cause) => `cause:${cause}`),
    ...rows.map((row) => row.kind),
  ];
  return [
    ...faultsOfWords('kind', kind ?? [], kinds),
    ...faultsOfWords('owner', owner ?? [], Owner.options),
    ...faultsOfWords('severity', severity ?? [], Severity.options),
  ];
}

function isWanted(row: FindingRow, query: z.infer<typeof FindingsQuery>): boolean {
  const { kind, owner, severity, scope, muted, q } = query;
  const text = q?.toLowerCase();
  return (
    (kind === undefined || kind.includes(row.kind)) &&
    (owner === undefined || owner.includes(row.owner)) &&
    (severity === undefined || severity.includes(row.severity)) &&
    (scope === undefined || row.scope === scope) &&
    (muted === undefined || (row.muted !== null) === (muted === 'true')) &&
    (text === undefined || `${row.kind} ${row.scope} ${row.message}`.toLowerCase().includes(text))
  );
}
