import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useMemo, useState } from 'react';
import { serverNow } from '../../api/connection.ts';
import { historyQuery } from '../../api/queries.ts';
import { Chart } from '../../parts/chart.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Empty, Shown } from '../../parts/states-of-view.tsx';
import { fromFirstRecord, isRecorded, linesOfStates } from './history-lines.ts';

const HOUR_MS = 3_600_000;
const SPANS = [
  // What the API shows where nothing is asked for: a day, and as much less as a simulation runs faster than time.
  { name: 'day', button: '1 day', ms: null },
  { name: '2 days', button: '2 days', ms: 48 * HOUR_MS },
  { name: '30 days', button: '30 days', ms: 30 * 24 * HOUR_MS },
  { name: 'year', button: '1 year', ms: 365 * 24 * HOUR_MS },
] as const;

/** Hosts that have joined, over time, beside those that have not. */
export function JoinedChart(): ReactElement {
  const [span, setSpan] = useState<(typeof SPANS)[number]>(SPANS[0]);
  // Whole minutes: a new address for each moment would be asked for each time.
  const from = useMemo(
    () =>
      span.ms === null ? null : new Date(Math.floor((serverNow() - span.ms) / 60_000) * 60_000).toISOString(),
    [span],
  );
  const history = useQuery(historyQuery({ series: 'state', ...(from === null ? {} : { from }) }));
  const { at, lines } = useMemo(
    () => fromFirstRecord(history.data?.at ?? [], linesOfStates(history.data?.series ?? [])),
    [history.data],
  );
  return (
    <section className="card" aria-labelledby="joined-chart-title">
      <header className="card__head">
        <h2 id="joined-chart-title">Joined over time</h2>
        <div className="row" role="group" aria-label="Time span">
          {SPANS.map((one) => (
            <button
              key={one.name}
              type="button"
              className="button button--small button--plain"
              aria-pressed={one === span}
              onClick={() => {
                setSpan(one);
              }}
            >
              {one.button}
            </button>
          ))}
        </div>
      </header>
      <div className="card__body">
        <Shown of={history} what="The history">
          {(data) =>
            isRecorded(lines) ? (
              <>
                <Chart
                  label={`Hosts that have joined, failed and are under way, over the last ${span.name}.`}
                  at={at}
                  lines={lines}
                />
                {data.eta === null ? null : (
                  <p className="quiet small">
                    At the rate of the last hour, all that is queued will have joined{' '}
                    <RelativeTime at={data.eta} />.
                  </p>
                )}
              </>
            ) : (
              <Empty title="No history yet">The scheduler records figures every five minutes.</Empty>
            )
          }
        </Shown>
      </div>
    </section>
  );
}
