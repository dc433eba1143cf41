import type { InstanceSummary } from '@muster/api/instances';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { figure } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { ownerName } from '../../format/wording.ts';
import { StateBadge } from '../../parts/badge.tsx';
import type { Column } from '../../parts/column.ts';
import { RelativeTime } from '../../parts/relative-time.tsx';

/** The columns of the list of instances; those that are optional wait in the menu of columns. */
export const INSTANCE_COLUMNS: readonly Column<InstanceSummary>[] = [
  { id: 'instance', header: 'Instance', sort: 'name', weight: 21, cell: (row) => <Host row={row} /> },
  {
    id: 'state',
    header: 'State',
    sort: 'state',
    weight: 13,
    cell: ({ state }) => <StateBadge state={state} />,
  },
  {
    id: 'cause',
    header: 'Why',
    sort: 'cause',
    weight: 27,
    cell: ({ cause, causeTitle }) =>
      cause === null ? (
        <Nothing />
      ) : (
        <span className="two-lines" title={`${causeTitle ?? cause} (${cause})`}>
          {causeTitle ?? cause}
        </span>
      ),
  },
  {
    id: 'account',
    header: 'Account',
    sort: 'accountId',
    weight: 16,
    cell: ({ accountId, accountName }) => (
      <Link to="/accounts/$accountId" params={{ accountId }} className="breaks">
        {accountName === '' ? accountId : plainText(accountName)}
      </Link>
    ),
  },
  { id: 'region', header: 'Region', sort: 'region', weight: 14, cell: ({ region }) => region },
  {
    id: 'since',
    header: 'Since',
    sort: 'since',
    weight: 11,
    cell: ({ since }) => <RelativeTime at={since} />,
  },
  {
    id: 'attempts',
    header: 'Attempts',
    sort: 'attempts',
    weight: 9,
    isOptional: true,
    isNumber: true,
    cell: ({ attempts }) => figure(attempts),
  },
  {
    id: 'next',
    header: 'Next attempt',
    sort: 'nextAttemptAt',
    weight: 13,
    cell: ({ nextAttemptAt }) => <RelativeTime at={nextAttemptAt} />,
  },
  {
    id: 'owner',
    header: 'Who must act',
    weight: 14,
    isOptional: true,
    cell: ({ owner }) => (owner === null ? <Nothing /> : ownerName(owner)),
  },
  {
    id: 'joined',
    header: 'First joined',
    sort: 'joinedAt',
    weight: 12,
    isOptional: true,
    cell: ({ joinedAt }) => <RelativeTime at={joinedAt} />,
  },
  {
    id: 'exit',
    header: 'Exit code',
    weight: 8,
    isOptional: true,
    isNumber: true,
    cell: ({ lastExitCode }) => lastExitCode ?? <Nothing />,
  },
  {
    id: 'platform',
    header: 'Platform',
    weight: 12,
    isOptional: true,
    cell: ({ platform }) => text(platform),
  },
  { id: 'wave', header: 'Wave', weight: 10, isOptional: true, cell: ({ wave }) => text(wave) },
  { id: 'matcher', header: 'Matcher', weight: 10, isOptional: true, cell: ({ matcher }) => text(matcher) },
  {
    id: 'tags',
    header: 'Tags',
    weight: 22,
    isOptional: true,
    cell: ({ tags }) =>
      text(
        Object.entries(tags)
          .map(([key, value]) => `${key}=${value}`)
          .join(', '),
      ),
  },
];

/** Its name above its id, or the id alone. Both lead to its page. */
function Host({ row: { instanceId, name } }: { readonly row: InstanceSummary }): ReactElement {
  return (
    <Link to="/instances/$instanceId" params={{ instanceId }} className="breaks">
      {name === '' ? null : (
        <>
          {plainText(name)}
          <br />
        </>
      )}
      <span className="mono">{instanceId}</span>
    </Link>
  );
}

function text(value: string | null): ReactElement {
  return value === null || value === '' ? <Nothing /> : <span className="breaks">{plainText(value)}</span>;
}

function Nothing(): ReactElement {
  return <span className="quiet">—</span>;
}
