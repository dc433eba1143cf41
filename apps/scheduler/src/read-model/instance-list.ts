/** Lists of instances: pages, and the ids of all that a filter gives. */
import type { InstanceFilter, InstanceSummary } from '@muster/api/instances';
import { causeFacts } from '@muster/core/enrollment/cause';
import type { Position } from '../api/cursor.ts';
import { createFirst } from '../api/first-rows.ts';
import type { SortKey } from '../api/list-request.ts';
import type { FoundPage, WantedPage } from './answer.ts';
import { findInstances, type FoundInstances, type InstanceCounts } from './instance-counts.ts';
import { orderRows, type RowOrder } from './instance-order.ts';
import type { InstanceSource } from './instance-search.ts';
import { NEVER_MS } from './instance-table.ts';

/** A page; `total` and `facets` as `InstancesPage` of the contract has them. */
export interface InstanceList extends FoundPage<InstanceSummary> {
  readonly facets: Omit<InstanceCounts, 'total'>;
}

/** One instance of a bulk action or an export. */
export interface ListedInstance {
  readonly accountId: string;
  readonly region: string;
  readonly instanceId: string;
}

/** One page of what a filter gives. */
export function listInstances(
  source: InstanceSource,
  filter: InstanceFilter,
  { sort, after, limit }: WantedPage,
): InstanceList {
  const found = findInstances(source, filter);
  const { total, ...facets } = found.counts;
  const order = orderRows(source, sort, after);
  const rows = firstRows(source, found, order, limit + 1);
  const shown = rows.slice(0, limit);
  return {
    items: shown.map((row) => rowOf(source, row)),
    last: rows.length > limit ? order.positionOf(shown.at(-1) ?? 0) : null,
    total,
    facets,
  };
}

/** What a filter gives, in the order of ids, behind `afterId`. */
export function listIds(
  source: InstanceSource,
  filter: InstanceFilter,
  afterId: string,
  limit: number,
): readonly ListedInstance[] {
  const found = findInstances(source, filter);
  const sort: readonly SortKey[] = [];
  const after: Position = [afterId];
  const { tallies, instances } = source;
  const { ids, tally } = instances.columns;
  return firstRows(source, found, orderRows(source, sort, after), limit).map((row) => ({
    accountId: tallies.wordOf('account', tally[row] ?? 0),
    region: tallies.wordOf('region', tally[row] ?? 0),
    instanceId: ids[row] ?? '',
  }));
}

/** The first rows that fit, of those behind the page before: every row is looked at, most of them by a number or two. */
function firstRows(
  { instances }: InstanceSource,
  { counts, fitting, searched }: FoundInstances,
  order: RowOrder,
  limit: number,
): readonly number[] {
  if (counts.total === 0) return [];
  const { tally } = instances.columns;
  const first = createFirst(limit, order);
  const size = instances.size();
  for (let row = 1; row < size; row += 1) {
    if (fitting[tally[row] ?? 0] !== 1 || (searched !== null && searched[row] !== 1)) continue;
    first.show(row);
  }
  return first.rows();
}

function rowOf({ instances, tallies, places }: InstanceSource, row: number): InstanceSummary {
  const { ids, names, tags, tally, since, joinedAt, nextAt, attempts } = instances.columns;
  const n = tally[row] ?? 0;
  const accountId = tallies.wordOf('account', n);
  const cause = tallies.wordOf('cause', n);
  const facts = cause === '' ? null : causeFacts(cause);
  return {
    instanceId: ids[row] ?? '',
    name: names[row] ?? '',
    accountId,
    accountName: places.nameOf(accountId),
    region: tallies.wordOf('region', n),
    state: tallies.wordOf('state', n),
    since: new Date(since[row] ?? 0).toISOString(),
    cause: cause === '' ? null : cause,
    causeTitle: facts?.title ?? null,
    owner: facts?.owner ?? null,
    attempts: attempts[row] ?? 0,
    nextAttemptAt: timeOf(nextAt[row]),
    joinedAt: timeOf(joinedAt[row]),
    lastExitCode: instances.exitCodeOf(row),
    platform: tallies.wordOf('platform', n) || null,
    wave: tallies.wordOf('wave', n) || null,
    matcher: tallies.wordOf('matcher', n),
    tags: tagsOf(tags[row] ?? ''),
  };
}

function timeOf(ms = NEVER_MS): string | null {
  return ms === NEVER_MS ? null : new Date(ms).toISOString();
}

function tagsOf(json: string): Record<string, string> {
  return json === '' ? {} : (JSON.parse(json) as Record<string, string>);
}
