import type { Ramp } from '@muster/api/rollout';
import type { ReactElement } from 'react';
import { figure, plural } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { Badge } from '../../parts/badge.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';

/** Mass starts: each begins with a few hosts, and grows as they join. */
export function Ramps({ ramps }: { readonly ramps: readonly Ramp[] }): ReactElement {
  return (
    <section className="card" aria-labelledby="ramps-title">
      <header className="card__head">
        <h2 id="ramps-title">Mass starts</h2>
      </header>
      <div className="card__body">
        {ramps.length === 0 ? (
          <p className="quiet">None is under way.</p>
        ) : (
          <ul className="stack rollout__list" id="ramps">
            {ramps.map((ramp) => (
              <li key={ramp.id} data-ramp={ramp.id}>
                <p>
                  <Badge tone={ramp.stopped === null ? 'busy' : 'bad'}>
                    {ramp.stopped === null ? `step ${ramp.step}` : 'stopped'}
                  </Badge>{' '}
                  <strong className="breaks">{plainText(ramp.subject)}</strong>
                </p>
                <div className="bar" aria-hidden>
                  <span className="bar__part bar__part--good" style={{ flexGrow: ramp.joined }} />
                  <span className="bar__part bar__part--bad" style={{ flexGrow: ramp.failed }} />
                  <span
                    className="bar__part bar__part--busy"
                    style={{ flexGrow: Math.max(0, ramp.sent - ramp.joined - ramp.failed) }}
                  />
                  <span className="bar__part" style={{ flexGrow: Math.max(0, ramp.size - ramp.sent) }} />
                </div>
                <p className="quiet small">
                  Of {plural(ramp.size, 'host')} of this step {figure(ramp.sent)} sent, {figure(ramp.joined)}{' '}
                  joined, {figure(ramp.failed)} failed.{' '}
                  {ramp.stopped === null
                    ? `Then ${figure(ramp.next)}.`
                    : 'It goes on after a resume, from its first step.'}{' '}
                  Began <RelativeTime at={ramp.began} />.
                </p>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
