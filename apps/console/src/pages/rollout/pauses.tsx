import type { Rollout } from '@muster/api/rollout';
import { type FormEvent, type ReactElement, useState } from 'react';
import { share } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { scopeName } from '../../format/wording.ts';
import { Badge } from '../../parts/badge.tsx';
import type { Act } from '../../parts/confirm-act.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { type PauseKind, scopeOfPause } from './pause-scope.ts';

/** Standing orders not to send: of operators, and of the brake. */
export function Pauses({
  rollout,
  onAct,
}: {
  readonly rollout: Rollout;
  readonly onAct: (act: Act) => void;
}): ReactElement {
  const { brake, pauses } = rollout;
  return (
    <section className="card" aria-labelledby="pauses-title">
      <header className="card__head">
        <h2 id="pauses-title">Pauses and the brake</h2>
        <span className="quiet small">
          The brake stops a scope when more than {share(brake.maxFailureShare, 1)} of its last {brake.window}{' '}
          hosts failed.
        </span>
      </header>
      <div className="card__body stack">
        {pauses.length === 0 ? <p className="quiet">Nothing is paused.</p> : null}
        <ul className="stack rollout__list" id="pauses">
          {pauses.map(({ scope, by, since, reason }) => (
            <li key={`${scope} ${by}`} className="spread" data-scope={scope}>
              <div>
                <p>
                  <Badge tone="bad">{by === 'brake' ? 'brake' : 'paused'}</Badge>{' '}
                  <strong className="breaks">{scopeName(plainText(scope))}</strong>
                </p>
                <p className="quiet small breaks">
                  <RelativeTime at={since} />, by {plainText(by)}
                  {reason === '' ? '' : `: ${plainText(reason)}`}
                </p>
              </div>
              <button
                type="button"
                className="button"
                onClick={() => {
                  onAct({ kind: 'resume', selection: { scope }, title: `Resume ${scopeName(scope)}` });
                }}
              >
                Resume
              </button>
            </li>
          ))}
        </ul>
        <PauseForm onAct={onAct} />
      </div>
    </section>
  );
}

function PauseForm({ onAct }: { readonly onAct: (act: Act) => void }): ReactElement {
  const [kind, setKind] = useState<PauseKind>('account');
  const [value, setValue] = useState('');
  const scope = scopeOfPause(kind, value);
  function pause(event: FormEvent): void {
    event.preventDefault();
    if (scope !== null) onAct({ kind: 'pause', selection: { scope }, title: `Pause ${scopeName(scope)}` });
  }
  return (
    <form className="row" onSubmit={pause}>
      <label className="row">
        <span>Pause</span>
        <select
          className="input rollout__kind"
          value={kind}
          onChange={(event) => {
            setKind(event.target.value as PauseKind);
          }}
        >
          <option value="account">account</option>
          <option value="region">region</option>
          <option value="cause">cause</option>
        </select>
      </label>
      <input
        className="input rollout__value"
        aria-label={`Which ${kind}`}
        placeholder={{ account: '111122223333', region: 'eu-west-1', cause: 'ec2-join-failure' }[kind]}
        value={value}
        onChange={(event) => {
          setValue(event.target.value);
        }}
      />
      <button type="submit" className="button" disabled={scope === null}>
        Pause
      </button>
    </form>
  );
}
