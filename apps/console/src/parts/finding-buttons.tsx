import type { FindingRow } from '@muster/api/findings';
import { Link } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';
import { plural } from '../format/numbers.ts';
import type { Act } from './confirm-act.tsx';
import { actOfFinding } from './finding-act.ts';
import { accountOfFinding, hostsOfFinding } from './finding-links.ts';

/** Where a finding leads, and what can be done about it here. */
export function FindingButtons({
  finding,
  onAct,
  children,
}: {
  readonly finding: FindingRow;
  readonly onAct: (act: Act) => void;
  readonly children?: ReactNode;
}): ReactElement {
  const account = accountOfFinding(finding);
  const hosts = hostsOfFinding(finding);
  const act = actOfFinding(finding);
  return (
    <div className="row">
      {account === null ? null : (
        <Link to="/accounts/$accountId" params={{ accountId: account }} className="button button--small">
          Show the account
        </Link>
      )}
      {hosts === null ? null : (
        <Link to="/instances" search={hosts} className="button button--small">
          {finding.hosts === null ? 'Show hosts' : `Show ${plural(finding.hosts, 'host')}`}
        </Link>
      )}
      {act === null ? null : (
        <button
          type="button"
          className="button button--small"
          onClick={() => {
            onAct(act);
          }}
        >
          {act.title}
        </button>
      )}
      {children}
    </div>
  );
}
