import type { Rollout } from '@muster/api/rollout';
import type { ReactElement } from 'react';
import { figure } from '../../format/numbers.ts';

const CAPS: Readonly<Record<string, string>> = {
  all: 'All hosts under way',
  account: 'Of one account',
  target: 'Of one account and region',
  repair: 'Repairs',
};

/** How many hosts may be under way at once. */
export function Limits({ rollout }: { readonly rollout: Rollout }): ReactElement {
  return (
    <section className="card" aria-labelledby="caps-title">
      <header className="card__head">
        <h2 id="caps-title">Caps</h2>
      </header>
      <div className="card__body">
        <table className="plain-table" id="caps">
          <caption className="unseen">How many hosts may be under way at once</caption>
          <thead>
            <tr>
              <th scope="col">Under way at once</th>
              <th scope="col">Now</th>
              <th scope="col">At most</th>
            </tr>
          </thead>
          <tbody>
            {rollout.caps.map(({ cap, limit, used }) => (
              <tr key={cap} data-cap={cap}>
                <th scope="row">{CAPS[cap] ?? cap}</th>
                <td className={used !== null && used >= limit ? 'tone-warn' : undefined}>
                  {used === null ? '—' : figure(used)}
                </td>
                <td>{figure(limit)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
