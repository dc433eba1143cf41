import type { Rollout } from '@muster/api/rollout';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { rolloutQuery } from '../../api/queries.ts';
import { plural } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { Badge } from '../../parts/badge.tsx';
import { type Act, ConfirmAct } from '../../parts/confirm-act.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Shown } from '../../parts/states-of-view.tsx';
import { Approvals } from './approvals.tsx';
import { Limits } from './limits.tsx';
import { Pauses } from './pauses.tsx';
import { Ramps } from './ramps.tsx';
import { Waves } from './waves.tsx';
import './rollout.css';

/** What lets hosts begin, and what keeps them. */
export function RolloutPage(): ReactElement {
  const rollout = useQuery(rolloutQuery);
  const [act, setAct] = useState<Act | null>(null);
  return (
    <>
      <header className="page-head">
        <h1>Roll-out</h1>
        <button
          type="button"
          className="button button--danger"
          onClick={() => {
            setAct({ kind: 'pause', selection: { scope: 'all' }, title: 'Pause all sends' });
          }}
        >
          Pause all sends
        </button>
      </header>
      <Shown of={rollout} what="The roll-out" rows={10}>
        {(data) => (
          <div className="stack">
            <Approvals rollout={data} onAct={setAct} />
            <Pauses rollout={data} onAct={setAct} />
            <Waves waves={data.waves} approvals={data.approvals} onAct={setAct} />
            <Ramps ramps={data.ramps} />
            <Waits rollout={data} />
            <Limits rollout={data} />
            <Freezes rollout={data} />
          </div>
        )}
      </Shown>
      <ConfirmAct
        act={act}
        onClose={() => {
          setAct(null);
        }}
      />
    </>
  );
}

/** Why hosts whose time has come are not sent to. */
function Waits({ rollout }: { readonly rollout: Rollout }): ReactElement {
  return (
    <section className="card" aria-labelledby="waits-title">
      <header className="card__head">
        <h2 id="waits-title">What hosts wait for</h2>
      </header>
      <div className="card__body">
        {rollout.waits.length === 0 ? (
          <p className="quiet">No host whose time has come waits.</p>
        ) : (
          <ul className="stack rollout__list" id="waits">
            {rollout.waits.map(({ reason, subject, message, since, until, instances }) => (
              <li key={`${reason} ${subject ?? ''}`}>
                <p className="breaks">{plainText(message)}</p>
                <p className="quiet small">
                  {plural(instances, 'host')}, since <RelativeTime at={since} />
                  {until === null ? null : (
                    <>
                      , at the latest <RelativeTime at={until} />
                    </>
                  )}
                </p>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

/** Times in which nothing is sent. */
function Freezes({ rollout }: { readonly rollout: Rollout }): ReactElement {
  return (
    <section className="card" aria-labelledby="freezes-title">
      <header className="card__head">
        <h2 id="freezes-title">Freeze windows</h2>
      </header>
      <div className="card__body">
        {rollout.freezes.length === 0 ? (
          <p className="quiet">
            None is configured. <code>muster.freeze</code> holds them.
          </p>
        ) : (
          <ul className="stack rollout__list" id="freezes">
            {rollout.freezes.map(({ name, active, from, until, stops, where }) => (
              <li key={name}>
                <p>
                  <Badge tone={active ? 'warn' : 'off'}>{active ? 'in force' : 'not now'}</Badge>{' '}
                  <strong className="breaks">{plainText(name)}</strong>{' '}
                  <span className="breaks">{plainText(where)}</span>
                </p>
                <p className="quiet small">
                  Holds {stops.join(', ')}.{' '}
                  {from === null ? (
                    'It does not come again.'
                  ) : (
                    <>
                      {active ? 'Began' : 'Begins'} <RelativeTime at={from} />, ends{' '}
                      <RelativeTime at={until} />.
                    </>
                  )}
                </p>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
