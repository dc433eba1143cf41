import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { instancesQuery } from '../../api/fleet-queries.ts';
import { plural } from '../../format/numbers.ts';
import { ColumnChoice } from '../../parts/column-choice.tsx';
import { type Act, ConfirmAct } from '../../parts/confirm-act.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { type Search, wordsOf } from '../../parts/search.ts';
import { Empty, Shown } from '../../parts/states-of-view.tsx';
import { useSearchState } from '../../parts/use-search-state.ts';
import { AddFilter } from './add-filter.tsx';
import { ExportLinks } from './export-links.tsx';
import { useInstanceFilters } from './use-instance-filters.ts';
import { INSTANCE_COLUMNS } from './instance-columns.tsx';
import { filtersOf } from './instance-filters.ts';
import { Pager, usePages } from './pager.tsx';
import { chosenRows, type Chosen, NOTHING } from './selection.ts';
import { SelectionBar } from './selection-bar.tsx';
import './instances.css';

/** The list of instances: found, filtered, sorted and acted on. The address holds all of it but the choice of rows. */
export function InstancesPage(): ReactElement {
  const [search, change] = useSearchState();
  const filters = filtersOf(search);
  const sort = search['sort'] ?? '';
  const about = JSON.stringify([filters, sort]);
  const pages = usePages(about);
  const [choice, setChoice] = useState<{ readonly about: string; readonly chosen: Chosen }>();
  const [act, setAct] = useState<Act | null>(null);
  const list = useQuery(instancesQuery({ ...filters, ...(sort === '' ? {} : { sort }) }, pages.cursor));
  // A choice belongs to the filters under which it was made.
  const chosen = choice?.about === JSON.stringify(filters) ? choice.chosen : NOTHING;
  const choose = (next: Chosen): void => {
    setChoice({ about: JSON.stringify(filters), chosen: next });
  };
  const columns = wordsOf(search, 'columns');

  return (
    <div className="stack">
      <header className="spread">
        <h1>Instances</h1>
        <ExportLinks filters={filters} />
      </header>
      <section className="card" aria-label="Instances">
        <Filters search={search} change={change} facets={list.data?.facets}>
          <AddFilter search={search} onChange={change} />
          <ColumnChoice
            columns={INSTANCE_COLUMNS}
            chosen={columns}
            onChoose={(ids) => {
              change({ columns: ids.join(',') });
            }}
          />
        </Filters>
        <Shown of={list} what="Instances" rows={10}>
          {({ items, total, next }) =>
            total === 0 ? (
              <NoRows isFiltered={Object.keys(filters).length > 0} />
            ) : (
              <>
                <SelectionBar
                  chosen={chosen}
                  isSettled={!list.isPlaceholderData}
                  total={total}
                  filters={filters}
                  onChoose={choose}
                  onAct={setAct}
                />
                <DataTable
                  label={plural(total, 'instance')}
                  columns={INSTANCE_COLUMNS}
                  chosen={columns}
                  rows={items}
                  rowId={({ instanceId }) => instanceId}
                  total={total}
                  sort={sort}
                  onSort={(field) => {
                    change({ sort: field });
                  }}
                  selected={chosenRows(
                    chosen,
                    items.map(({ instanceId }) => instanceId),
                  )}
                  onSelect={(ids) => {
                    choose({ kind: 'rows', ids });
                  }}
                />
                <Pager
                  pages={pages}
                  rows={items.length}
                  total={total}
                  next={next}
                  isSettled={!list.isPlaceholderData}
                />
              </>
            )
          }
        </Shown>
      </section>
      <ConfirmAct
        act={act}
        onClose={() => {
          setAct(null);
        }}
      />
    </div>
  );
}

function Filters({
  search,
  change,
  facets,
  children,
}: {
  readonly search: Search;
  readonly change: (change: Search) => void;
  readonly facets: Parameters<typeof useInstanceFilters>[1];
  readonly children: ReactElement[];
}): ReactElement {
  const filters = useInstanceFilters(search, facets);
  return (
    <FilterBar
      search={search}
      onChange={change}
      filters={filters}
      placeholder="Search by id, name, tag or account"
    >
      {children}
    </FilterBar>
  );
}

function NoRows({ isFiltered }: { readonly isFiltered: boolean }): ReactElement {
  return isFiltered ? (
    <Empty title="No instance matches">Take a filter away, or search for something else.</Empty>
  ) : (
    <Empty title="No instances yet">
      They appear here as accounts are read. Accounts that cannot be read are among the findings.
    </Empty>
  );
}
