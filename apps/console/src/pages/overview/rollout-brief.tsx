import type { Overview } from '@muster/api/overview';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { figure } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { Badge } from '../../parts/badge.tsx';

/** Waves and mass starts in a line each. */
export function RolloutBrief({ overview }: { readonly overview: Overview }): ReactElement {
  const { waves, ramps } = overview.rollout;
  return (
    <section className="card" aria-labelledby="rollout-brief-title">
      <header className="card__head">
        <h2 id="rollout-brief-title">Roll-out</h2>
        <Link to="/rollout">Details</Link>
      </header>
      <div className="card__body">
        {waves.length + ramps.length === 0 ? (
          <p className="quiet">No mass start is under way, and no waves are configured.</p>
        ) : (
          <ul className="stack brief">
            {ramps.map((ramp) => (
              <li key={ramp.id}>
                <Badge tone={ramp.stopped === null ? 'busy' : 'bad'}>
                  {ramp.stopped === null ? `step ${ramp.step}` : 'stopped'}
                </Badge>{' '}
                <span className="breaks">{plainText(ramp.message)}</span>
              </li>
            ))}
            {waves.map((wave) => (
              <li key={wave.name}>
                <Badge tone={wave.state === 'begun' ? 'good' : 'warn'}>
                  {wave.state === 'begun' ? 'begun' : 'waits'}
                </Badge>{' '}
                <strong className="breaks">{plainText(wave.name)}</strong> {figure(wave.joined)} of{' '}
                {figure(wave.hosts)} joined
                {wave.why === null ? null : <span className="quiet"> · {plainText(wave.why)}</span>}
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
