import type { ApprovalRow, Wave } from '@muster/api/rollout';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { figure } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { Badge } from '../../parts/badge.tsx';
import type { Act } from '../../parts/confirm-act.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';

/** Where each wave stands, in the order of the configuration. */
export function Waves({
  waves,
  approvals,
  onAct,
}: {
  readonly waves: readonly Wave[];
  readonly approvals: readonly ApprovalRow[];
  readonly onAct: (act: Act) => void;
}): ReactElement {
  const asked = new Set(approvals.map(({ subject }) => subject));
  return (
    <section className="card" aria-labelledby="waves-title">
      <header className="card__head">
        <h2 id="waves-title">Waves</h2>
      </header>
      <div className="card__body">
        {waves.length === 0 ? (
          <p className="quiet">
            None are configured: every host may begin. <code>muster.rollout.waves</code> divides the fleet.
          </p>
        ) : (
          <ul className="stack rollout__list" id="waves">
            {waves.map((wave) => (
              <li key={wave.name} data-wave={wave.name}>
                <div className="spread">
                  <p>
                    <Badge tone={wave.state === 'begun' ? 'good' : 'warn'}>{wave.state}</Badge>{' '}
                    <Link to="/instances" search={{ wave: wave.name }} className="breaks">
                      {plainText(wave.name)}
                    </Link>
                  </p>
                  {asked.has(`wave:${wave.name}`) ? (
                    <button
                      type="button"
                      className="button button--small button--main"
                      onClick={() => {
                        onAct({
                          kind: 'approve',
                          selection: { subject: `wave:${wave.name}` },
                          title: `Approve wave ${plainText(wave.name)}`,
                        });
                      }}
                    >
                      Approve
                    </button>
                  ) : null}
                </div>
                <WaveBar wave={wave} />
                <p className="quiet small breaks">
                  {figure(wave.joined)} of {figure(wave.hosts)} joined, {figure(wave.underWay)} under way,{' '}
                  {figure(wave.failed)} failed, {figure(wave.lost)} lost, {figure(wave.waiting)} waiting
                </p>
                {wave.why === null ? null : (
                  <p className="small breaks">
                    {plainText(wave.why)} {wave.until === null ? null : <RelativeTime at={wave.until} />}
                  </p>
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function WaveBar({ wave }: { readonly wave: Wave }): ReactElement {
  const parts = [
    { tone: 'good', count: wave.joined },
    { tone: 'busy', count: wave.underWay },
    { tone: 'bad', count: wave.failed + wave.lost },
    { tone: 'off', count: Math.max(0, wave.hosts - wave.joined - wave.underWay - wave.failed - wave.lost) },
  ];
  return (
    <div className="bar" aria-hidden>
      {parts.map(({ tone, count }) => (
        <span key={tone} className={`bar__part bar__part--${tone}`} style={{ flexGrow: count }} />
      ))}
    </div>
  );
}
