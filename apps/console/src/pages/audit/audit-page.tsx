import type { AuditRow } from '@muster/api/audit';
import type { Page } from '@muster/api/paging';
import type { ReactElement } from 'react';
import { figure, plural } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { scopeName } from '../../format/wording.ts';
import { Badge } from '../../parts/badge.tsx';
import type { Column } from '../../parts/column.ts';
import { ColumnChoice } from '../../parts/column-choice.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { pickSearch } from '../../parts/pick-search.ts';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { wordsOf } from '../../parts/search.ts';
import { Empty, Shown } from '../../parts/states-of-view.tsx';
import { useList } from '../../parts/use-list.ts';
import { useSearchState } from '../../parts/use-search-state.ts';

interface AuditPageAnswer extends Page<AuditRow> {
  readonly chain: {
    readonly holds: boolean;
    readonly firstBroken: string | null;
    readonly keptSince: string | null;
  };
}

const PARAMETERS = ['q', 'act', 'by', 'since', 'sort'];
/** As the API names them; Muster's own acts and those about who may act come last. */
const ACTS = [
  'retry',
  'pause',
  'resume',
  'cancel',
  'sweep',
  'approve',
  'accept-inventory',
  'mute',
  'brake',
  'ramp',
  'config',
  'change',
  'clean-up',
  'queue',
  'sign-in',
  'user',
  'token',
];
const FILTERS = [{ name: 'act', label: 'Act', options: ACTS.map((value) => ({ value })) }];

const COLUMNS: readonly Column<AuditRow>[] = [
  { id: 'at', header: 'When', weight: 9, sort: 'at', cell: (row) => <RelativeTime at={row.at} /> },
  {
    id: 'by',
    header: 'Who',
    weight: 11,
    cell: (row) => (
      <span title={`${row.kind}, from ${row.from}`}>
        {plainText(row.by)} <span className="quiet small">{row.kind}</span>
      </span>
    ),
  },
  { id: 'from', header: 'From', weight: 10, isOptional: true, cell: (row) => plainText(row.from) },
  { id: 'act', header: 'Act', weight: 10, cell: (row) => row.act },
  {
    id: 'scope',
    header: 'Scope',
    weight: 16,
    cell: (row) => <TwoLines text={scopeName(plainText(row.scope))} />,
  },
  {
    id: 'hosts',
    header: 'Hosts',
    weight: 6,
    isNumber: true,
    cell: (row) => (row.hosts === null ? '—' : figure(row.hosts)),
  },
  {
    id: 'accounts',
    header: 'Accounts',
    weight: 6,
    isNumber: true,
    isOptional: true,
    cell: (row) => (row.accounts === null ? '—' : figure(row.accounts)),
  },
  {
    id: 'result',
    header: 'Result',
    weight: 24,
    cell: (row) => {
      const told = plainText(row.detail === '' ? row.result : `${row.result}: ${row.detail}`);
      return <TwoLines text={told} />;
    },
  },
  {
    id: 'reason',
    header: 'Reason',
    weight: 14,
    cell: (row) => <TwoLines text={plainText(row.reason)} />,
  },
  { id: 'basis', header: 'Pinned to', isOptional: true, cell: (row) => plainText(row.basis ?? '—') },
  {
    id: 'hash',
    header: 'Hash',
    isOptional: true,
    cell: (row) => <span className="mono">{row.hash.slice(0, 12)}</span>,
  },
];

/** Of a longer text the rest stands under the pointer. */
function TwoLines({ text }: { readonly text: string }): ReactElement {
  return (
    <span className="two-lines breaks" title={text}>
      {text}
    </span>
  );
}

/** Who did what, from where, and how it ended; and whether the chain of entries holds. */
export function AuditPage(): ReactElement {
  const [search, setSearch] = useSearchState();
  const list = useList<AuditPageAnswer>('audit', pickSearch(search, PARAMETERS));
  const chosen = wordsOf(search, 'columns');
  return (
    <>
      <header className="page-head">
        <div>
          <h1>Audit</h1>
          <p className="quiet">
            {list.data === undefined ? ' ' : plural(list.data.total, 'entry', 'entries')}
          </p>
        </div>
        {list.data === undefined ? null : <Chain chain={list.data.chain} />}
      </header>
      <section className="card" aria-label="Audit">
        <FilterBar search={search} onChange={setSearch} filters={FILTERS} placeholder="Who, scope or reason">
          <ColumnChoice
            columns={COLUMNS}
            chosen={chosen}
            onChoose={(ids) => {
              setSearch({ columns: ids.join(',') });
            }}
          />
        </FilterBar>
        <Shown of={list} what="The audit" rows={10}>
          {(data) =>
            list.rows.length === 0 ? (
              <Empty title="No entry">
                Acts of operators, and Muster’s own brakes and ramps, stand here.
              </Empty>
            ) : (
              <DataTable
                label="Audit"
                columns={COLUMNS}
                chosen={chosen}
                rows={list.rows}
                rowId={(row) => row.id}
                total={data.total}
                sort={search['sort']}
                onSort={(sort) => {
                  setSearch({ sort });
                }}
                onReachEnd={list.onReachEnd}
              />
            )
          }
        </Shown>
      </section>
    </>
  );
}

function Chain({ chain }: { readonly chain: AuditPageAnswer['chain'] }): ReactElement {
  return (
    <p id="chain" data-holds={chain.holds}>
      <Badge tone={chain.holds ? 'good' : 'bad'}>
        {chain.holds ? 'The chain holds' : 'The chain is broken'}
      </Badge>{' '}
      <span className="quiet small">
        {chain.holds ? null : `at entry ${chain.firstBroken ?? 'unknown'} `}
        {chain.keptSince === null ? null : (
          <>
            kept since <RelativeTime at={chain.keptSince} />
          </>
        )}
      </span>
    </p>
  );
}
