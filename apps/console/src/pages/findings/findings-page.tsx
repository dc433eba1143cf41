import type { FindingRow } from '@muster/api/findings';
import type { Page } from '@muster/api/paging';
import { type ReactElement, useState } from 'react';
import { plural } from '../../format/numbers.ts';
import { ownerName, OWNERS, SEVERITIES, severityOf } from '../../format/wording.ts';
import { type Act, ConfirmAct } from '../../parts/confirm-act.tsx';
import { FilterBar } from '../../parts/filter-bar.tsx';
import { pickSearch } from '../../parts/pick-search.ts';
import { Empty, Shown } from '../../parts/states-of-view.tsx';
import { useList } from '../../parts/use-list.ts';
import { useSearchState } from '../../parts/use-search-state.ts';
import { FindingCard } from './finding-card.tsx';
import { MuteDialog } from './mute-dialog.tsx';
import './findings.css';

const PARAMETERS = ['q', 'severity', 'owner', 'muted', 'sort'];
const ORDERS = [
  { value: '', label: 'Most urgent first' },
  { value: '-hosts', label: 'Most hosts first' },
  { value: 'since', label: 'Oldest first' },
  { value: '-since', label: 'Newest first' },
];
const FILTERS = [
  {
    name: 'severity',
    label: 'Severity',
    options: SEVERITIES.map((value) => ({ value, label: severityOf(value).label })),
  },
  {
    name: 'owner',
    label: 'Who must act',
    options: OWNERS.map((value) => ({ value, label: ownerName(value) })),
  },
];

/** Everything that is to be acted on: cause, scope, owner, since when, remedy, hosts. */
export function FindingsPage(): ReactElement {
  const [search, setSearch] = useSearchState();
  const list = useList<Page<FindingRow>>('findings', { muted: 'false', ...pickSearch(search, PARAMETERS) });
  const [act, setAct] = useState<Act | null>(null);
  const [muting, setMuting] = useState<FindingRow | null>(null);
  const isMuted = search['muted'] === 'true';

  return (
    <>
      <header className="page-head">
        <div>
          <h1>Findings</h1>
          <p className="quiet">
            {list.data === undefined
              ? ' '
              : `${plural(list.data.total, 'finding')}${isMuted ? ', muted' : ''}`}
          </p>
        </div>
      </header>
      <section className="card" aria-label="Findings">
        <FilterBar
          search={search}
          onChange={setSearch}
          filters={FILTERS}
          placeholder="Kind, scope or message"
        >
          <label className="row">
            <span className="unseen">Order</span>
            <select
              className="input"
              value={search['sort'] ?? ''}
              onChange={(event) => {
                setSearch({ sort: event.target.value });
              }}
            >
              {ORDERS.map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
          <button
            type="button"
            className="button"
            aria-pressed={isMuted}
            onClick={() => {
              setSearch({ muted: isMuted ? '' : 'true' });
            }}
          >
            Muted
          </button>
        </FilterBar>
        <Shown of={list} what="Findings" rows={8}>
          {() =>
            list.rows.length === 0 ? (
              <Empty title={isMuted ? 'Nothing is muted' : 'No finding stands'}>
                {isMuted
                  ? 'A muted finding stays here until its mute ends.'
                  : 'With other filters there may be some.'}
              </Empty>
            ) : (
              <ul id="findings">
                {list.rows.map((finding) => (
                  <FindingCard key={finding.id} finding={finding} onAct={setAct} onMute={setMuting} />
                ))}
              </ul>
            )
          }
        </Shown>
        {list.hasMore ? (
          <p className="findings__more">
            <button type="button" className="button" onClick={list.onReachEnd}>
              Show more
            </button>
          </p>
        ) : null}
      </section>
      <ConfirmAct
        act={act}
        onClose={() => {
          setAct(null);
        }}
      />
      <MuteDialog
        finding={muting}
        onClose={() => {
          setMuting(null);
        }}
      />
    </>
  );
}
