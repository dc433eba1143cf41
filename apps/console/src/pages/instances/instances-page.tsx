import type { InstanceRow } from '@muster/api/instances';
import type { Page } from '@muster/api/paging';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactElement, useCallback, useMemo } from 'react';
import { listQuery } from '../../api/queries.ts';
import { figure } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { STATES } from '../../format/wording.ts';
import { StateBadge } from '../../parts/badge.tsx';
import type { Column } from '../../parts/column.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Empty, Shown } from '../../parts/states-of-view.tsx';
import { useSearchState } from '../../parts/use-search-state.ts';

interface InstancesPage extends Page<InstanceRow> {
  readonly facets: { readonly state: Readonly<Record<string, number>> };
}

const COLUMNS: readonly Column<InstanceRow>[] = [
  {
    id: 'instance',
    header: 'Instance',
    weight: 18,
    sort: 'instanceId',
    cell: (row) => <span className="mono">{row.instanceId}</span>,
  },
  { id: 'name', header: 'Name', weight: 14, sort: 'name', cell: (row) => plainText(row.name) },
  {
    id: 'account',
    header: 'Account',
    weight: 14,
    cell: (row) => plainText(row.accountName || row.accountId),
  },
  { id: 'region', header: 'Region', cell: (row) => row.region },
  { id: 'state', header: 'State', cell: (row) => <StateBadge state={row.state} /> },
  { id: 'since', header: 'Since', sort: 'since', cell: (row) => <RelativeTime at={row.since} /> },
  { id: 'cause', header: 'Cause', weight: 20, cell: (row) => row.causeTitle ?? row.cause ?? '' },
];

/** Every instance that the ledger knows. */
export function InstancesPage(): ReactElement {
  const [search, setSearch] = useSearchState();
  const query = useInfiniteQuery(listQuery<InstancesPage>('instances', search));
  const rows = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data]);
  const first = query.data?.pages[0];
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const onReachEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const counts = first?.facets.state ?? {};

  return (
    <>
      <header className="page-head">
        <h1>Instances</h1>
        <p className="quiet">{first === undefined ? '' : `${figure(first.total)} match`}</p>
      </header>
      <section className="card" aria-label="Instances">
        <FilterBar
          search={search}
          onChange={setSearch}
          placeholder="Id, name, tag or account"
          filters={[
            {
              name: 'state',
              label: 'State',
              options: STATES.map(({ state }) => ({ value: state, count: counts[state] })),
            },
          ]}
        />
        <Shown of={query} what="Instances" rows={10}>
          {() =>
            rows.length === 0 ? (
              <Empty title="No instance matches">Other filters may show some.</Empty>
            ) : (
              <DataTable
                label="Instances"
                columns={COLUMNS}
                rows={rows}
                rowId={(row) => row.instanceId}
                total={first?.total ?? rows.length}
                sort={search['sort']}
                onSort={(sort) => {
                  setSearch({ sort });
                }}
                onReachEnd={onReachEnd}
              />
            )
          }
        </Shown>
      </section>
    </>
  );
}
