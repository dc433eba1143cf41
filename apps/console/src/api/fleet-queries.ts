/** What the pages of accounts and instances ask for. Keys as in `queries.ts`. */
import type { AccountRow, CoverageMap, TargetRow, UnitRow } from '@muster/api/accounts';
import type { InstanceStory, InstanceSummary } from '@muster/api/instances';
import type { Page } from '@muster/api/paging';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ask, type Query } from './client.ts';

/** Rows of one page of the list of instances. */
export const INSTANCES_AT_ONCE = 200;

/** What the list shows: for more, the scheduler would read the record of every row. */
const FIELDS = [
  'instanceId',
  'name',
  'accountId',
  'accountName',
  'region',
  'state',
  'since',
  'cause',
  'causeTitle',
  'owner',
  'attempts',
  'nextAttemptAt',
  'joinedAt',
  'lastExitCode',
  'platform',
  'wave',
  'matcher',
  'tags',
] as const satisfies readonly (keyof InstanceSummary)[];

/** The most rows that the API gives at once. */
const MOST_AT_ONCE = 500;

/** One page of instances, and how many there are by the words of the filters. */
export type InstancesAnswer = Page<InstanceSummary> & {
  readonly facets: {
    readonly state: Readonly<Record<string, number>>;
    readonly cause: Readonly<Record<string, number>>;
    readonly region: Readonly<Record<string, number>>;
  };
};

/** One page: a change asks for these rows again, however far the operator has paged. */
export function instancesQuery(filters: Query, cursor: string | null) {
  const query = {
    limit: INSTANCES_AT_ONCE,
    fields: FIELDS.join(','),
    ...filters,
    ...(cursor === null ? {} : { cursor }),
  };
  return queryOptions({
    queryKey: ['instances', query],
    queryFn: ({ signal }) => ask<InstancesAnswer>('/instances', query, signal),
    placeholderData: keepPreviousData,
  });
}

export function instanceQuery(instanceId: string) {
  return queryOptions({
    queryKey: ['instances', 'one', instanceId],
    queryFn: ({ signal }) => ask<InstanceStory>(`/instances/${encodeURIComponent(instanceId)}`, {}, signal),
    // Another instance's story is none to keep while this one's is read.
    placeholderData: () => undefined,
  });
}

export function accountQuery(accountId: string) {
  return queryOptions({
    queryKey: ['accounts', 'one', accountId],
    queryFn: ({ signal }) => ask<AccountRow>(`/accounts/${encodeURIComponent(accountId)}`, {}, signal),
    placeholderData: () => undefined,
  });
}

/** All units: an organization has at most a few thousand. */
export const unitsQuery = queryOptions({
  queryKey: ['accounts', 'units'],
  queryFn: ({ signal }) => readAll<UnitRow>('/units', {}, signal),
});

/** The targets of one account: one per region. */
export function targetsOfAccountQuery(accountId: string) {
  return queryOptions({
    queryKey: ['targets', { account: accountId }],
    queryFn: ({ signal }) => readAll<TargetRow>('/targets', { account: accountId }, signal),
    placeholderData: () => undefined,
  });
}

export const coverageMapQuery = queryOptions({
  queryKey: ['targets', 'map'],
  queryFn: ({ signal }) => ask<CoverageMap>('/coverage-map', {}, signal),
});

/** A list to its end, page by page. */
async function readAll<Row>(path: string, query: Query, signal: AbortSignal): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Row> = await ask<Page<Row>>(
      path,
      { limit: MOST_AT_ONCE, ...query, ...(cursor === null ? {} : { cursor }) },
      signal,
    );
    rows.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return rows;
}
