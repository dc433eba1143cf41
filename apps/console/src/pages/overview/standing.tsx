import type { Overview } from '@muster/api/overview';
import { Link } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';
import { figure, plural, share } from '../../format/numbers.ts';
import { type Tone, UNDER_WAY } from '../../format/wording.ts';
import type { Search } from '../../parts/search.ts';
import { type HostSums, hostSums } from './host-sums.ts';
import { verdictOf } from './verdict.ts';

/** The first look: one sentence, how many hosts have joined, and a way to each of the others. */
export function Standing({ overview }: { readonly overview: Overview }): ReactElement {
  const sums = hostSums(overview.instances.byState);
  const verdict = verdictOf(overview);
  const notRead = (overview.lastSweep ?? overview.sweep)?.notRead ?? { accounts: 0, targets: 0 };
  return (
    <section className="card standing" aria-labelledby="standing-title">
      <div className="standing__head">
        <h2 id="standing-title" className={`standing__verdict standing__verdict--${verdict.tone}`}>
          {verdict.text}
        </h2>
        <p className="standing__joined">
          <strong id="joined-count">{figure(sums.joined)}</strong> of {plural(sums.hosts, 'host')} joined
          <span className="quiet"> ({share(sums.joined, sums.hosts)})</span>
        </p>
        <p className="quiet" id="joined-not-read">
          {notRead.accounts + notRead.targets === 0
            ? 'Every account and region was read.'
            : `Not counted: the hosts of ${unread(notRead)}.`}
        </p>
        <StateBar sums={sums} />
      </div>
      <ul className="standing__tiles">
        <Tile name="Joined" count={sums.joined} tone="good" filters={{ state: 'joined' }} />
        <Tile name="Under way" count={sums.underWay} tone="busy" filters={{ state: UNDER_WAY.join(',') }} />
        <Tile name="Failed" count={sums.failed} tone="bad" filters={{ state: 'failed' }} />
        <Tile name="Lost" count={sums.lost} tone="bad" filters={{ state: 'lost' }} />
        <Tile name="Need a fix" count={sums.ineligible} tone="warn" filters={{ state: 'ineligible' }} />
        <li>
          <Link to="/accounts" search={{ status: 'denied' }} className="tile" data-tile="denied">
            <TileContent name="Accounts denied" count={notRead.accounts} tone="bad">
              {notRead.targets === 0 ? null : `${plural(notRead.targets, 'target')} not read`}
            </TileContent>
          </Link>
        </li>
      </ul>
    </section>
  );
}

function unread({ accounts, targets }: { readonly accounts: number; readonly targets: number }): string {
  return [
    ...(accounts > 0 ? [`${plural(accounts, 'account')} that cannot be entered`] : []),
    ...(targets > 0 ? [`${plural(targets, 'target')} not read completely`] : []),
  ].join(' and ');
}

function Tile({
  name,
  count,
  tone,
  filters,
}: {
  readonly name: string;
  readonly count: number;
  readonly tone: Tone;
  readonly filters: Search;
}): ReactElement {
  return (
    <li>
      <Link to="/instances" search={filters} className="tile" data-tile={filters['state']}>
        <TileContent name={name} count={count} tone={tone} />
      </Link>
    </li>
  );
}

function TileContent({
  name,
  count,
  tone,
  children,
}: {
  readonly name: string;
  readonly count: number;
  readonly tone: Tone;
  readonly children?: ReactNode;
}): ReactElement {
  return (
    <>
      <span className="tile__name">{name}</span>
      <span className={`tile__count ${count > 0 ? `tone-${tone}` : 'quiet'}`}>{figure(count)}</span>
      <span className="quiet small">{children}</span>
    </>
  );
}

/** The same shares as one bar; the tiles beneath say them in words. */
function StateBar({ sums }: { readonly sums: HostSums }): ReactElement | null {
  if (sums.hosts === 0) return null;
  const parts: readonly { readonly tone: Tone; readonly count: number }[] = [
    { tone: 'good', count: sums.joined },
    { tone: 'busy', count: sums.underWay },
    { tone: 'warn', count: sums.ineligible },
    { tone: 'bad', count: sums.failed + sums.lost },
    { tone: 'off', count: sums.other },
  ];
  return (
    <div className="bar" aria-hidden>
      {parts.map(({ tone, count }) =>
        count === 0 ? null : (
          <span key={tone} className={`bar__part bar__part--${tone}`} style={{ flexGrow: count }} />
        ),
      )}
    </div>
  );
}
