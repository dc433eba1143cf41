import { z } from 'zod';
import {
  InstanceFilter,
  InstanceRow,
  InstancesPage,
  InstancesQuery,
  InstanceStory,
  InstanceSummary,
} from '@muster/api/instances';
import { ListQuery } from '@muster/api/paging';
import { InstanceId } from '@muster/core/organization/ids';
import { redactedRows } from '../http/redacted-json.ts';
import { INSTANCE_SORTS } from '../read-model/instance-order.ts';
import { EXPORT_FORMATS, type ExportColumns, type ExportFormat, exportRows } from './export-rows.ts';
import { checkFilter } from './instance-words.ts';
import { tellStory } from './instance-story.ts';
import type { ApiDeps } from './api-deps.ts';
import type { Position } from './cursor.ts';
import type { ListAsked } from './list-request.ts';
import { replyFromModel } from './reply-from.ts';
import { invalidRequest, problem } from './problem.ts';
import { answer, type ApiRoute, defineRoute, refuse } from './route.ts';
import { withRecords } from './rows-with-records.ts';

/** Rows of a piece of an export: each looks through all rows once, and is cleaned of secrets at one go. */
const PIECE = 2_000;

/** The list of instances, its exports, and the whole story of one. */
export const instanceRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'get',
    path: '/instances',
    operationId: 'listInstances',
    tag: 'instances',
    summary: 'Instances that Muster has a record of',
    description:
      'All filters must hold; of the words of one filter, any. `waitsFor`, `commandId` and `nodeId` are read from the ledger; exports do without them.',
    role: 'viewer',
    query: InstancesQuery,
    list: { row: InstanceRow, sorts: INSTANCE_SORTS, usualSort: 'instanceId' },
    answer: InstancesPage,
    async handle({ query, list }, deps) {
      const faults = await checkFilter(query, deps);
      if (faults.length > 0) return refuse(invalidRequest(faults));
      return replyFromModel(await deps.readModel.instances(query, list), async (page) =>
        answer(await withRecords(page, list, deps)),
      );
    },
  }),
  exportRoute('csv'),
  exportRoute('ndjson'),
  defineRoute({
    method: 'get',
    path: '/instances/{instanceId}',
    operationId: 'readInstance',
    tag: 'instances',
    summary: 'The whole story of one instance',
    description:
      'What `muster explain --json` tells, with links and its timeline. Read from the ledger, not from the read model.',
    role: 'viewer',
    params: z.object({ instanceId: InstanceId }),
    answer: InstanceStory,
    problems: [404],
    async handle({ params: { instanceId } }, deps) {
      const story = await tellStory(deps, instanceId);
      return story === null
        ? refuse(
            problem(
              404,
              'No scan has seen this instance: its account may not be read (GET targets), or it is gone for long.',
            ),
          )
        : answer(story);
    },
  }),
];

function exportRoute(format: ExportFormat): ApiRoute {
  return defineRoute({
    method: 'get',
    path: `/instances.${format}`,
    operationId: format === 'csv' ? 'exportInstancesAsCsv' : 'exportInstancesAsLines',
    tag: 'instances',
    summary:
      format === 'csv' ? 'All instances that a filter gives, as CSV' : 'The same, one JSON document a line',
    role: 'viewer',
    query: InstanceFilter.extend({ sort: ListQuery.shape.sort }),
    list: { row: InstanceSummary, sorts: INSTANCE_SORTS, usualSort: 'instanceId' },
    answer: {
      media: EXPORT_FORMATS[format].contentType.split(';')[0] ?? '',
      description: 'Every row; the connection breaks where the answer cannot be finished.',
    },
    async handle({ query, list }, deps) {
      const faults = await checkFilter(query, deps);
      if (faults.length > 0) return refuse(invalidRequest(faults));
      // Asked before the answer begins: a status cannot be taken back.
      return replyFromModel(await deps.readModel.counts(query), () => ({
        kind: 'stream',
        headers: {
          'Content-Type': EXPORT_FORMATS[format].contentType,
          'Content-Disposition': `attachment; filename="instances.${format}"`,
        },
        chunks: exportRows(format, COLUMNS, piecesOf(deps, query, list)),
      }));
    },
  });
}

/** A row as it is exported. A record of the ledger for each would be one read for each, of a million. */
const COLUMNS = Object.fromEntries(
  Object.keys(InstanceSummary.shape).map((name) => [
    name,
    (row: InstanceSummary) => row[name as keyof InstanceSummary],
  ]),
) as ExportColumns<InstanceSummary>;

/** All rows of a filter, cleaned of secrets, piece by piece: each begins behind the last row of the one before. */
async function* piecesOf(
  { readModel, redact }: Pick<ApiDeps, 'readModel' | 'redact'>,
  filter: InstanceFilter,
  { sort }: Pick<ListAsked, 'sort'>,
): AsyncGenerator<readonly InstanceSummary[]> {
  let after: Position | null = null;
  do {
    const place: { last: Position | null } = { last: null };
    const said = await readModel.instances(filter, {
      limit: PIECE,
      sort,
      after,
      cursorAfter: (position) => {
        place.last = position;
        return '';
      },
    });
    if (said.kind !== 'answer') {
      throw new Error('the read model is being made anew, and the export cannot go on');
    }
    yield redactedRows(said.value.items, redact);
    after = place.last;
  } while (after !== null);
}
