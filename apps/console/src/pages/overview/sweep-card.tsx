import type { Overview } from '@muster/api/overview';
import type { Sweep } from '@muster/api/sweeps';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { figure, plural, share } from '../../format/numbers.ts';
import { COVERAGE, type Tone } from '../../format/wording.ts';
import { Badge } from '../../parts/badge.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';

const TONES = { complete: 'good', partial: 'warn', failed: 'bad' } as const satisfies Record<string, Tone>;

/** How the organization was last read, beside the reading that runs. */
export function SweepCard({ overview }: { readonly overview: Overview }): ReactElement {
  const { sweep, lastSweep } = overview;
  const shown = sweep ?? lastSweep;
  return (
    <section className="card" aria-labelledby="sweep-title">
      <header className="card__head">
        <h2 id="sweep-title">Reading the organization</h2>
        <Link to="/accounts">Accounts</Link>
      </header>
      <div className="card__body stack">
        {shown === null ? <p className="quiet">Nothing has been read yet.</p> : null}
        {sweep?.state === 'running' ? (
          <p id="sweep-running">
            <Badge tone="busy">Running</Badge> {readOf(sweep)}, began <RelativeTime at={sweep.startedAt} />
          </p>
        ) : null}
        {lastSweep === null || lastSweep.verdict === null ? null : (
          <p id="sweep-verdict">
            <Badge tone={TONES[lastSweep.verdict]}>{`Last: ${lastSweep.verdict}`}</Badge>{' '}
            <RelativeTime at={lastSweep.finishedAt} />
          </p>
        )}
        {shown === null ? null : <Coverage sweep={shown} />}
      </div>
    </section>
  );
}

function readOf({ targets }: Sweep): string {
  const read = targets.total - targets.pending;
  return `${figure(read)} of ${plural(targets.total, 'target')} read (${share(read, targets.total)})`;
}

function Coverage({ sweep }: { readonly sweep: Sweep }): ReactElement {
  const { accounts, targets } = sweep;
  return (
    <>
      <div className="bar" aria-hidden>
        {COVERAGE.map(({ status, tone }) => (
          <span
            key={status}
            className={`bar__part bar__part--${tone}`}
            style={{ flexGrow: targets[status as keyof typeof targets] }}
          />
        ))}
      </div>
      <ul className="sweep__legend" id="sweep-targets">
        {COVERAGE.filter(({ status }) => targets[status as keyof typeof targets] > 0).map(
          ({ status, label, tone }) => (
            <li key={status} data-status={status}>
              <span className={`sweep__dot tone-${tone}`} aria-hidden />
              {figure(targets[status as keyof typeof targets])} {label}
            </li>
          ),
        )}
      </ul>
      <p className="quiet small">
        {plural(accounts.total, 'account')}
        {accounts.denied > 0 ? `, ${figure(accounts.denied)} cannot be entered` : ''}
        {accounts.inactive > 0 ? `, ${figure(accounts.inactive)} suspended or closed` : ''}
      </p>
    </>
  );
}
