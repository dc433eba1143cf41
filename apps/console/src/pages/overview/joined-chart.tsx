import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useMemo, useState } from 'react';
import { serverNow } from '../../api/connection.ts';
import { historyQuery } from '../../api/queries.ts';
import { Chart } from '../../parts/chart.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Empty, Shown } from '../../parts/states-of-view.tsx';
import { fromFirstRecord, isRecorded, linesOfLargest, linesOfStates } from './history-lines.ts';

const HOUR_MS = 3_600_000;
const SPANS = [
  // What the API shows where nothing is asked for: a day, and as much less as a simulation runs faster than time.
  { name: 'day', button: '1 day', ms: null },
  { name: '2 days', button: '2 days', ms: 48 * HOUR_MS },
  { name: '30 days', button: '30 days', ms: 30 * 24 * HOUR_MS },
  { name: 'year', button: '1 year', ms: 365 * 24 * HOUR_MS },
] as const;

/** What the lines are: each a question of its own about the same hosts. */
const VIEWS = [
  {
    series: 'state',
    button: 'By state',
    title: 'Joined over time',
    label: 'Hosts that have joined, failed and are under way',
    linesOf: linesOfStates,
    none: 'The scheduler records figures every five minutes.',
  },
  {
    series: 'cause',
    button: 'By cause',
    title: 'Causes over time',
    label: 'Hosts that are not enrolled, by cause',
    linesOf: linesOfLargest,
    none: 'No host had a cause in this time, or nothing was recorded: the scheduler does so every five minutes.',
  },
  {
    series: 'group',
    button: 'By account group',
    title: 'Joined over time, by account group',
    label: 'Hosts that have joined, by account or organizational unit',
    linesOf: linesOfLargest,
    none: 'No account had hosts in this time, or nothing was recorded: the scheduler does so every five minutes.',
  },
] as const;

/** Hosts over time: those that have joined beside those that have not, by cause, or by group of accounts. */
export function JoinedChart(): ReactElement {
  const [span, setSpan] = useState<(typeof SPANS)[number]>(SPANS[0]);
  const [view, setView] = useState<(typeof VIEWS)[number]>(VIEWS[0]);
  // Whole minutes: a new address for each moment would be asked for each time.
  const from = useMemo(
    () =>
      span.ms === null ? null : new Date(Math.floor((serverNow() - span.ms) / 60_000) * 60_000).toISOString(),
    [span],
  );
  const history = useQuery(historyQuery({ series: view.series, ...(from === null ? {} : { from }) }));
  const { at, lines } = useMemo(
    () => fromFirstRecord(history.data?.at ?? [], view.linesOf(history.data?.series ?? [])),
    [history.data, view],
  );
  return (
    <section className="card" aria-labelledby="joined-chart-title">
      <header className="card__head">
        <h2 id="joined-chart-title">{view.title}</h2>
        <Choice label="Time span" of={SPANS} chosen={span} onChoose={setSpan} />
      </header>
      <div className="card__body">
        <Choice label="Lines" of={VIEWS} chosen={view} onChoose={setView} />
        <Shown of={history} what="The history">
          {(data) =>
            isRecorded(lines) ? (
              <>
                <Chart label={`${view.label}, over the last ${span.name}.`} at={at} lines={lines} />
                {data.eta === null ? null : (
                  <p className="quiet small">
                    At the rate of the last hour, all that is queued will have joined{' '}
                    <RelativeTime at={data.eta} />.
                  </p>
                )}
              </>
            ) : (
              <Empty title="No history yet">{view.none}</Empty>
            )
          }
        </Shown>
      </div>
    </section>
  );
}

/** Buttons of which one is pressed. */
function Choice<One extends { readonly button: string }>({
  label,
  of,
  chosen,
  onChoose,
}: {
  readonly label: string;
  readonly of: readonly One[];
  readonly chosen: One;
  readonly onChoose: (one: One) => void;
}): ReactElement {
  return (
    <div className="row" role="group" aria-label={label}>
      {of.map((one) => (
        <button
          key={one.button}
          type="button"
          className="button button--small button--plain"
          aria-pressed={one === chosen}
          onClick={() => {
            onChoose(one);
          }}
        >
          {one.button}
        </button>
      ))}
    </div>
  );
}
