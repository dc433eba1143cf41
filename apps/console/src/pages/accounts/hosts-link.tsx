import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { figure } from '../../format/numbers.ts';
import './hosts-link.css';

/** A place whose hosts are counted: an account, or one region of it. */
interface CountedPlace {
  readonly accountId: string;
  /** `*`, or absent: all regions. */
  readonly region?: string;
  readonly lastCompleteAt: string | null;
  readonly hosts: number;
}

/** A figure that leads to its hosts. Of a place that was never read it is a dash: not read is not zero. */
export function HostsLink({
  place: { accountId, region = '*', lastCompleteAt, hosts },
  count,
  state,
}: {
  readonly place: CountedPlace;
  readonly count: number;
  /** States as the API takes them; absent: all. */
  readonly state?: string;
}): ReactElement {
  if (lastCompleteAt === null && hosts === 0) {
    return (
      <span className="quiet" title="not read">
        —
      </span>
    );
  }
  if (count === 0) return <span className="quiet">0</span>;
  const search = {
    account: accountId,
    ...(region === '*' ? {} : { region }),
    ...(state === undefined ? {} : { state }),
  };
  return (
    <Link to="/instances" search={search} className="hosts-link">
      {figure(count)}
    </Link>
  );
}
