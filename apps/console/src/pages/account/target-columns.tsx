import type { TargetRow } from '@muster/api/accounts';
import { plainText } from '../../format/plain-text.ts';
import { UNDER_WAY } from '../../format/wording.ts';
import { CoverageBadge } from '../../parts/badge.tsx';
import type { Column } from '../../parts/column.ts';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { HostsLink } from '../accounts/hosts-link.tsx';

/** The columns of the regions of one account. */
export const TARGET_COLUMNS: readonly Column<TargetRow>[] = [
  {
    id: 'region',
    header: 'Region',
    weight: 13,
    cell: ({ region }) => (region === '*' ? 'all regions' : region),
  },
  {
    id: 'status',
    header: 'Read',
    weight: 20,
    cell: ({ status, cause, detail }) => (
      <>
        <CoverageBadge status={status} />
        {cause === null ? null : <span className="quiet small breaks"> {cause}</span>}
        {detail === '' ? null : <div className="quiet small breaks">{plainText(detail)}</div>}
      </>
    ),
  },
  {
    id: 'hosts',
    header: 'Hosts',
    weight: 7,
    isNumber: true,
    cell: (row) => <HostsLink place={row} count={row.hosts} />,
  },
  {
    id: 'joined',
    header: 'Joined',
    weight: 8,
    isNumber: true,
    cell: (row) => <HostsLink place={row} count={row.joined} state="joined" />,
  },
  {
    id: 'lost',
    header: 'Lost',
    weight: 7,
    isNumber: true,
    cell: (row) => <HostsLink place={row} count={row.lost} state="lost" />,
  },
  {
    id: 'failed',
    header: 'Failed',
    weight: 7,
    isNumber: true,
    cell: (row) => <HostsLink place={row} count={row.failed} state="failed" />,
  },
  {
    id: 'ineligible',
    header: 'Ineligible',
    weight: 9,
    isNumber: true,
    cell: (row) => <HostsLink place={row} count={row.ineligible} state="ineligible" />,
  },
  {
    id: 'underWay',
    header: 'Under way',
    weight: 9,
    isNumber: true,
    cell: (row) => <HostsLink place={row} count={row.underWay} state={UNDER_WAY.join(',')} />,
  },
  {
    id: 'read',
    header: 'Last tried',
    weight: 11,
    cell: ({ lastReadAt }) => <RelativeTime at={lastReadAt} />,
  },
  {
    id: 'complete',
    header: 'Last complete',
    weight: 11,
    cell: ({ lastCompleteAt }) => <RelativeTime at={lastCompleteAt} />,
  },
];
