import type { Overview } from '@muster/api/overview';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useMemo } from 'react';
import { historyQuery } from '../../api/queries.ts';
import { figure, share } from '../../format/numbers.ts';
import { Chart } from '../../parts/chart.tsx';
import { fromFirstRecord, isRecorded, linesOfWork } from './history-lines.ts';

const APIS_SHOWN = 7;

/** How much is done, and where AWS slows it down. */
export function WorkCard({ overview }: { readonly overview: Overview }): ReactElement {
  const history = useQuery(historyQuery({ series: 'work' }));
  const { at, lines } = useMemo(
    () => fromFirstRecord(history.data?.at ?? [], linesOfWork(history.data?.series ?? [])),
    [history.data],
  );
  const { calls, throttled } = overview.aws;
  const apis = Object.entries(calls)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, APIS_SHOWN);
  return (
    <section className="card" aria-labelledby="work-title">
      <header className="card__head">
        <h2 id="work-title">Throughput</h2>
        <span className="quiet small" id="commands-sent">
          {figure(overview.commands.sent)} commands sent, {figure(overview.commands.live)} live now
        </span>
      </header>
      <div className="card__body stack">
        {isRecorded(lines) ? (
          <Chart
            label="Commands sent, hosts joined and throttled calls per interval, over the last day."
            at={at}
            lines={lines}
          />
        ) : null}
        {apis.length === 0 ? (
          <p className="quiet">AWS was not called yet.</p>
        ) : (
          <table className="plain-table" id="aws-calls">
            <caption className="unseen">Calls to AWS</caption>
            <thead>
              <tr>
                <th scope="col">Call</th>
                <th scope="col">Calls</th>
                <th scope="col">Throttled</th>
              </tr>
            </thead>
            <tbody>
              {apis.map(([api, count]) => (
                <tr key={api} data-api={api}>
                  <th scope="row" className="breaks">
                    {api}
                  </th>
                  <td>{figure(count)}</td>
                  <td className={(throttled[api] ?? 0) > 0 ? 'tone-warn' : 'quiet'}>
                    {figure(throttled[api] ?? 0)} ({share(throttled[api] ?? 0, count)})
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  );
}
