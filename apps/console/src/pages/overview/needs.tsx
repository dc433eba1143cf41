import type { FindingRow } from '@muster/api/findings';
import type { Overview } from '@muster/api/overview';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { plural } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { ownerName, scopeName } from '../../format/wording.ts';
import { SeverityBadge } from '../../parts/badge.tsx';
import type { Act } from '../../parts/confirm-act.tsx';
import { FindingButtons } from '../../parts/finding-buttons.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Remedy } from '../../parts/remedy.tsx';
import { Empty } from '../../parts/states-of-view.tsx';

const SHOWN = 5;

/** What needs an operator: what stops sends first, each with what to do. */
export function Needs({
  overview,
  onAct,
}: {
  readonly overview: Overview;
  readonly onAct: (act: Act) => void;
}): ReactElement {
  const { needs } = overview;
  return (
    <section className="card" aria-labelledby="needs-title">
      <header className="card__head">
        <h2 id="needs-title">What needs you</h2>
        <Link to="/findings">All findings</Link>
      </header>
      <div className="card__body card__body--flush">
        {needs.length === 0 ? (
          <Empty title="Nothing needs you">Findings stand here as soon as there are some.</Empty>
        ) : (
          <ul className="needs" id="needs">
            {needs.slice(0, SHOWN).map((finding) => (
              <Need key={finding.id} finding={finding} onAct={onAct} />
            ))}
          </ul>
        )}
        {needs.length > SHOWN ? (
          <p className="needs__more">
            <Link to="/findings">{plural(needs.length - SHOWN, 'more finding')}</Link>
          </p>
        ) : null}
      </div>
    </section>
  );
}

function Need({
  finding,
  onAct,
}: {
  readonly finding: FindingRow;
  readonly onAct: (act: Act) => void;
}): ReactElement {
  return (
    <li className="needs__item" data-finding={finding.id}>
      <div className="row">
        <SeverityBadge severity={finding.severity} />
        {finding.stopsSending ? <span className="tone-bad small">stops sends</span> : null}
        <span className="quiet small">
          {finding.hosts === null ? scopeName(plainText(finding.scope)) : plural(finding.hosts, 'host')}
          {finding.since === null ? null : (
            <>
              {' · '}
              <RelativeTime at={finding.since} />
            </>
          )}
          {` · ${ownerName(finding.owner)}`}
        </span>
      </div>
      <p className="needs__message breaks">{plainText(finding.message)}</p>
      <details>
        <summary className="needs__summary">What to do</summary>
        <Remedy text={finding.remedy} />
      </details>
      <FindingButtons finding={finding} onAct={onAct} />
    </li>
  );
}
