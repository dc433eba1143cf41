import type { Overview } from '@muster/api/overview';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { figure } from '../../format/numbers.ts';
import { STATES, toneOfState } from '../../format/wording.ts';
import { RelativeTime } from '../../parts/relative-time.tsx';

/** Hosts in each state, in the order of their way, with the one that has been there longest. */
export function Funnel({ overview }: { readonly overview: Overview }): ReactElement {
  const rows = overview.funnel.filter(({ state, hosts }) => hosts > 0 || isUsual(state));
  const most = Math.max(1, ...rows.map(({ hosts }) => hosts));
  return (
    <section className="card" aria-labelledby="funnel-title">
      <header className="card__head">
        <h2 id="funnel-title">On the way</h2>
        <span className="quiet small">Longest in the state</span>
      </header>
      <div className="card__body card__body--flush">
        <ul className="funnel" id="funnel">
          {rows.map(({ state, hosts, oldest }) => (
            <li key={state} data-state={state}>
              <Link to="/instances" search={{ state }} className="funnel__row" title={meaning(state)}>
                <span className="funnel__state">{state}</span>
                <span className="funnel__count">{figure(hosts)}</span>
                <span className="funnel__bar" aria-hidden>
                  <span
                    className={`bar__part--${toneOfState(state)}`}
                    style={{ width: `${(100 * hosts) / most}%` }}
                  />
                </span>
                <span className="funnel__oldest quiet small">
                  {oldest === null || hosts === 0 ? '' : <RelativeTime at={oldest.since} />}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

/** States that stand there even when no host is in them: the way itself. */
function isUsual(state: string): boolean {
  return ['queued', 'installing', 'installed', 'joined', 'lost', 'failed', 'ineligible'].includes(state);
}

function meaning(state: string): string | undefined {
  return STATES.find((one) => one.state === state)?.means;
}
