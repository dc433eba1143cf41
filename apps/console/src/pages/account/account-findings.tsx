import type { AccountRow } from '@muster/api/accounts';
import type { FindingRow } from '@muster/api/findings';
import type { Page } from '@muster/api/paging';
import type { ReactElement } from 'react';
import { plural } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { ownerName } from '../../format/wording.ts';
import { SeverityBadge } from '../../parts/badge.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Remedy } from '../../parts/remedy.tsx';
import { useList } from '../../parts/use-list.ts';
import { concernsAccount } from './concerns-account.ts';

/** Findings stand for many places each: all of an installation's fit into one answer. */
const ALL = 500;

/** What is to be acted on in an account; nothing where nothing is. */
export function AccountFindings({ account }: { readonly account: AccountRow }): ReactElement | null {
  const { rows } = useList<Page<FindingRow>>('findings', { limit: ALL });
  const found = rows.filter((row) => concernsAccount(row, account));
  if (found.length === 0) return null;
  return (
    <section className="card" aria-labelledby="account-findings">
      <div className="card__head">
        <h2 id="account-findings">{plural(found.length, 'finding')}</h2>
      </div>
      <ul className="card__body stack">
        {found.map(({ id, severity, owner, message, remedy, since }) => (
          <li key={id}>
            <div className="row">
              <SeverityBadge severity={severity} />
              <span className="quiet">{ownerName(owner)}</span>
              <RelativeTime at={since} />
            </div>
            <p className="breaks">{plainText(message)}</p>
            <Remedy text={remedy} />
          </li>
        ))}
      </ul>
    </section>
  );
}
