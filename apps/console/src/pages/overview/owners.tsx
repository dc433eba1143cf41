import type { Overview } from '@muster/api/overview';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { figure } from '../../format/numbers.ts';
import { ownerName } from '../../format/wording.ts';
import { Empty } from '../../parts/states-of-view.tsx';

/** Who must act, and on how much. */
export function Owners({ overview }: { readonly overview: Overview }): ReactElement {
  const rows = overview.findingsByOwner;
  return (
    <section className="card" aria-labelledby="owners-title">
      <header className="card__head">
        <h2 id="owners-title">Findings by who must act</h2>
      </header>
      <div className="card__body">
        {rows.length === 0 ? (
          <Empty title="No findings" />
        ) : (
          <table className="plain-table" id="owners">
            <caption className="unseen">Findings by who must act</caption>
            <thead>
              <tr>
                <th scope="col">Who</th>
                <th scope="col">Findings</th>
                <th scope="col">Hosts</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ owner, findings, hosts }) => (
                <tr key={owner}>
                  <th scope="row">
                    <Link to="/findings" search={{ owner }}>
                      {ownerName(owner)}
                    </Link>
                  </th>
                  <td>{figure(findings)}</td>
                  <td>{figure(hosts)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  );
}
