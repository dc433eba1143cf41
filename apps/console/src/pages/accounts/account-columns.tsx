import type { AccountRow } from '@muster/api/accounts';
import { Link } from '@tanstack/react-router';
import { share } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { UNDER_WAY } from '../../format/wording.ts';
import { Badge, CoverageBadge } from '../../parts/badge.tsx';
import type { Column } from '../../parts/column.ts';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { HostsLink } from './hosts-link.tsx';

/** The columns of the list of accounts. A figure of hosts leads to these hosts. */
export const ACCOUNT_COLUMNS: readonly Column<AccountRow>[] = [
  {
    id: 'account',
    header: 'Account',
    sort: 'name',
    weight: 19,
    cell: ({ accountId, name }) => (
      <Link to="/accounts/$accountId" params={{ accountId }} className="breaks">
        {name === '' ? null : (
          <>
            {plainText(name)}
            <br />
          </>
        )}
        <span className="mono">{accountId}</span>
      </Link>
    ),
  },
  {
    id: 'status',
    header: 'Read',
    sort: 'status',
    weight: 17,
    cell: ({ status, cause, paused }) => (
      <>
        <span title={cause ?? undefined}>
          <CoverageBadge status={status} />
        </span>
        {paused ? (
          <div>
            <Badge tone="warn">paused</Badge>
          </div>
        ) : null}
      </>
    ),
  },
  {
    id: 'hosts',
    header: 'Hosts',
    sort: 'hosts',
    weight: 8,
    isNumber: true,
    cell: (row) => <HostsLink place={row} count={row.hosts} />,
  },
  {
    id: 'joined',
    header: 'Joined',
    sort: 'joined',
    weight: 13,
    isNumber: true,
    cell: (row) => (
      <>
        <HostsLink place={row} count={row.joined} state="joined" />{' '}
        <span className="quiet small">{row.hosts === 0 ? '' : share(row.joined, row.hosts)}</span>
      </>
    ),
  },
  {
    id: 'lost',
    header: 'Lost',
    sort: 'lost',
    weight: 7,
    isNumber: true,
    cell: (row) => <HostsLink place={row} count={row.lost} state="lost" />,
  },
  {
    id: 'failed',
    header: 'Failed',
    sort: 'failed',
    weight: 8,
    isNumber: true,
    cell: (row) => <HostsLink place={row} count={row.failed} state="failed" />,
  },
  {
    id: 'ineligible',
    header: 'Ineligible',
    sort: 'ineligible',
    weight: 12,
    isNumber: true,
    isOptional: true,
    cell: (row) => <HostsLink place={row} count={row.ineligible} state="ineligible" />,
  },
  {
    id: 'underWay',
    header: 'Under way',
    sort: 'underWay',
    weight: 12,
    isNumber: true,
    isOptional: true,
    cell: (row) => <HostsLink place={row} count={row.underWay} state={UNDER_WAY.join(',')} />,
  },
  {
    id: 'read',
    header: 'Last complete',
    sort: 'lastCompleteAt',
    weight: 13,
    cell: ({ lastCompleteAt }) => <RelativeTime at={lastCompleteAt} />,
  },
];
