import type { AccountRow } from '@muster/api/accounts';
import type { Page } from '@muster/api/paging';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { coverageMapQuery, unitsQuery } from '../../api/fleet-queries.ts';
import { figure, plural } from '../../format/numbers.ts';
import { COVERAGE } from '../../format/wording.ts';
import { ColumnChoice } from '../../parts/column-choice.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { type Filter, FilterBar } from '../../parts/filter-bar.tsx';
import { type Search, wordsOf } from '../../parts/search.ts';
import { Empty, Shown } from '../../parts/states-of-view.tsx';
import { useList } from '../../parts/use-list.ts';
import { useSearchState } from '../../parts/use-search-state.ts';
import { ACCOUNT_COLUMNS } from './account-columns.tsx';
import { CoverageMap } from './coverage-map.tsx';
import { titleOf } from './unit-rows.ts';
import { UnitTree } from './unit-tree.tsx';
import './accounts.css';

const VIEWS = [
  { view: '', label: 'List' },
  { view: 'map', label: 'Map by region' },
] as const;

/** Which accounts there are, how they were read, and what became of their hosts: as a tree with a table, or as a map. */
export function AccountsPage(): ReactElement {
  const [search, change] = useSearchState();
  const view = search['view'] === 'map' ? 'map' : '';
  return (
    <div className="stack">
      <header className="spread">
        <h1>Accounts</h1>
        <div className="segments" role="group" aria-label="View">
          {VIEWS.map((one) => (
            <button
              key={one.label}
              type="button"
              className="button button--small"
              aria-pressed={one.view === view}
              onClick={() => {
                change({ view: one.view });
              }}
            >
              {one.label}
            </button>
          ))}
        </div>
      </header>
      {view === 'map' ? (
        <MapView search={search} change={change} />
      ) : (
        <ListView search={search} change={change} />
      )}
    </div>
  );
}

interface ViewProps {
  readonly search: Search;
  readonly change: (change: Search) => void;
}

function ListView({ search, change }: ViewProps): ReactElement {
  const units = useQuery(unitsQuery);
  const { q = '', unit = '', status = '', sort = '', state = '', cause = '' } = search;
  const list = useList<Page<AccountRow>>('accounts', { q, unit, status, sort, state, cause });
  const columns = wordsOf(search, 'columns');
  const known = units.data ?? [];
  const filters: readonly Filter[] = [
    {
      name: 'status',
      label: 'Read',
      options: COVERAGE.map((one) => ({ value: one.status, label: one.label })),
    },
    ...written(
      'unit',
      'Unit',
      unit,
      known.map((one) => ({ value: one.unitId, label: titleOf(one) })),
    ),
    ...written('state', 'With hosts', state),
    ...written('cause', 'With cause', cause),
  ];
  return (
    <>
      <div className={known.length > 1 ? 'accounts__columns' : 'stack'}>
        {known.length > 1 ? (
          <details className="card accounts__units" open={matchMedia('(min-width: 900px)').matches}>
            <summary>Organizational units</summary>
            <UnitTree
              units={known}
              chosen={unit}
              onChoose={(unitId) => {
                change({ unit: unitId });
              }}
            />
          </details>
        ) : null}
        <section className="card" aria-label="Accounts">
          <FilterBar search={search} onChange={change} filters={filters} placeholder="Search by id or name">
            <ColumnChoice
              columns={ACCOUNT_COLUMNS}
              chosen={columns}
              onChoose={(ids) => {
                change({ columns: ids.join(',') });
              }}
            />
          </FilterBar>
          <Shown of={list} what="Accounts" rows={10}>
            {({ total }) =>
              total === 0 ? (
                <Empty title="No account matches">
                  Accounts appear here once the organization has been listed. Take a filter away to see
                  others.
                </Empty>
              ) : (
                <DataTable
                  label={plural(total, 'account')}
                  columns={ACCOUNT_COLUMNS}
                  chosen={columns}
                  rows={list.rows}
                  rowId={({ accountId }) => accountId}
                  total={total}
                  sort={sort}
                  onSort={(field) => {
                    change({ sort: field });
                  }}
                  onReachEnd={list.onReachEnd}
                />
              )
            }
          </Shown>
        </section>
      </div>
    </>
  );
}

/** A filter that is shown while the address has it. */
function written(
  name: string,
  label: string,
  words: string,
  known: Filter['options'] = [],
): readonly Filter[] {
  if (words === '') return [];
  const missing = words.split(',').filter((word) => !known.some(({ value }) => value === word));
  return [{ name, label, options: [...known, ...missing.map((value) => ({ value }))] }];
}

function MapView({ search, change }: ViewProps): ReactElement {
  const map = useQuery(coverageMapQuery);
  const navigate = useNavigate();
  const order = search['order'] === 'name' ? 'name' : 'attention';
  return (
    <Shown of={map} what="The map" rows={12}>
      {(data) =>
        data.accounts.length === 0 ? (
          <Empty title="No accounts yet">They appear here once the organization has been listed.</Empty>
        ) : (
          <section className="card" aria-labelledby="map-title">
            <div className="card__head">
              <h2 id="map-title">
                {figure(data.accounts.length)} accounts by {figure(data.regions.length)} regions
              </h2>
              <label className="row small">
                Order
                <select
                  className="input accounts__order"
                  value={order}
                  onChange={(event) => {
                    change({ order: event.target.value === 'name' ? 'name' : '' });
                  }}
                >
                  <option value="attention">what wants attention first</option>
                  <option value="name">by name</option>
                </select>
              </label>
            </div>
            <div className="card__body">
              <CoverageMap
                map={data}
                order={order}
                onChoose={({ accountId, region }) => {
                  void (region === null
                    ? navigate({ to: '/accounts/$accountId', params: { accountId } })
                    : navigate({ to: '/instances', search: { account: accountId, region } }));
                }}
              />
            </div>
          </section>
        )
      }
    </Shown>
  );
}
