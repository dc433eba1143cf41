import { z } from 'zod';
import { FindingRow, FindingsPage, FindingsQuery } from '@muster/api/findings';
import { readCauseTrend } from '@muster/core/history/read-history';
import type { ApiDeps } from './api-deps.ts';
import { rowsOfFindings, withTrends } from './finding-rows.ts';
import { pageOfRows } from './page-of-rows.ts';
import { problem } from './problem.ts';
import { answer, type ApiRoute, defineRoute, refuse } from './route.ts';
import { replyFrom } from './snapshot-reply.ts';

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
      return replyFrom(await deps.readSnapshot(), deps, async (snapshot, freshness) => {
        const rows = withTrends(rowsOfFindings(snapshot), await trends(deps))
          .map((row, urgency) => ({ ...row, urgency }))
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
      return replyFrom(await deps.readSnapshot(), deps, async (snapshot) => {
        const rows = withTrends(rowsOfFindings(snapshot), await trends(deps));
        const found = rows.find((row) => row.id === id);
        return found === undefined
          ? refuse(
              problem(404, 'No such finding stands: it may have ended. GET findings lists those that do.'),
            )
          : answer(found);
      });
    },
  }),
];

/** Without Redis the last findings are told, and no trend. */
async function trends({ ledger, config, clock }: ApiDeps): ReturnType<typeof readCauseTrend> {
  const unknown = { hourAgo: null, dayAgo: null };
  return readCauseTrend(ledger, config().speed, clock.now()).catch(() => () => unknown);
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
