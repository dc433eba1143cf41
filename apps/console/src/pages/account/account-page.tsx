import type { AccountRow, TargetRow } from '@muster/api/accounts';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Pause, Play, RefreshCw, RotateCw } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { accountQuery, targetsOfAccountQuery, unitsQuery } from '../../api/fleet-queries.ts';
import { figure, plural, share } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { STATES } from '../../format/wording.ts';
import { Badge, CoverageBadge, StateBadge } from '../../parts/badge.tsx';
import { type Act, ConfirmAct } from '../../parts/confirm-act.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Shown } from '../../parts/states-of-view.tsx';
import { titleOf, trailOf } from '../accounts/unit-rows.ts';
import { AccountFindings } from './account-findings.tsx';
import { TARGET_COLUMNS } from './target-columns.tsx';

/** One account: how it is read, what became of its hosts, region by region, and what can be done. */
export function AccountPage(): ReactElement {
  const { accountId = '' } = useParams({ strict: false });
  const account = useQuery(accountQuery(accountId));
  return (
    <div className="stack">
      <p className="small">
        <Link to="/accounts">Accounts</Link>
      </p>
      <Shown of={account} what={`Account ${accountId}`} rows={8}>
        {(found) => <Account account={found} />}
      </Shown>
    </div>
  );
}

function Account({ account }: { readonly account: AccountRow }): ReactElement {
  const [act, setAct] = useState<Act | null>(null);
  const { accountId, name, status, paused } = account;
  const selection = { scope: `account:${accountId}` };
  const title = name === '' ? accountId : plainText(name);
  return (
    <>
      <header className="spread">
        <div>
          <h1 className="breaks">{title}</h1>
          <div className="row">
            <CoverageBadge status={status} />
            {paused ? <Badge tone="warn">paused</Badge> : null}
            <span className="mono">{accountId}</span>
            <CopyButton text={accountId} what="the account id" />
          </div>
          <UnitTrail unitPath={account.unitPath} />
        </div>
        <div className="row">
          <ActButton
            icon={<RotateCw aria-hidden />}
            onPress={() => setAct({ kind: 'retry', selection, title: `Retry ${title}` })}
          >
            Retry
          </ActButton>
          {paused ? (
            <ActButton
              icon={<Play aria-hidden />}
              onPress={() => setAct({ kind: 'resume', selection, title: `Resume ${title}` })}
            >
              Resume
            </ActButton>
          ) : (
            <ActButton
              icon={<Pause aria-hidden />}
              onPress={() => setAct({ kind: 'pause', selection, title: `Pause ${title}` })}
            >
              Pause
            </ActButton>
          )}
          <ActButton
            icon={<RefreshCw aria-hidden />}
            onPress={() => setAct({ kind: 'sweep', selection, title: `Read ${title} now` })}
          >
            Read now
          </ActButton>
        </div>
      </header>
      <NotRead account={account} />
      <Sums account={account} />
      <AccountFindings account={account} />
      <Regions accountId={accountId} />
      <ConfirmAct
        act={act}
        onClose={() => {
          setAct(null);
        }}
      />
    </>
  );
}

function ActButton({
  icon,
  onPress,
  children,
}: {
  readonly icon: ReactElement;
  readonly onPress: () => void;
  readonly children: string;
}): ReactElement {
  return (
    <button type="button" className="button" onClick={onPress}>
      {icon}
      {children}
    </button>
  );
}

function UnitTrail({ unitPath }: { readonly unitPath: readonly string[] }): ReactElement | null {
  const units = useQuery(unitsQuery);
  const last = unitPath.at(-1);
  if (last === undefined) return null;
  const trail = trailOf(units.data ?? [], last);
  const steps = trail.length > 0 ? trail : unitPath.map((unitId) => ({ unitId, name: '' }));
  return (
    <p className="quiet small breaks">
      {steps.map((unit, index) => (
        <span key={unit.unitId}>
          {index === 0 ? '' : ' / '}
          <Link to="/accounts" search={{ unit: unit.unitId }}>
            {plainText(titleOf(unit))}
          </Link>
        </span>
      ))}
    </p>
  );
}

/** What keeps it from being read whole. A sum over what is not read would be no sum: it is said above the sums. */
function NotRead({
  account: { status, cause, detail, lastCompleteAt },
}: {
  readonly account: AccountRow;
}): ReactElement | null {
  if (status === 'complete') return null;
  return (
    <section className="card" aria-labelledby="not-read">
      <div className="card__head">
        <h2 id="not-read">Not read completely</h2>
        {cause === null ? null : <span className="mono small">{cause}</span>}
      </div>
      <div className="card__body">
        {detail === '' ? null : <p className="breaks">{plainText(detail)}</p>}
        <p className="quiet">
          Last complete reading of all its regions: <RelativeTime at={lastCompleteAt} />. The figures below
          are those of what could be read.
        </p>
      </div>
    </section>
  );
}

function Sums({ account }: { readonly account: AccountRow }): ReactElement {
  const states = [
    ...STATES.map(({ state }) => state).filter((state) => (account.byState[state] ?? 0) > 0),
    ...Object.keys(account.byState).filter((state) => !STATES.some((one) => one.state === state)),
  ];
  return (
    <section className="card" aria-labelledby="sums">
      <div className="card__head">
        <h2 id="sums">
          {figure(account.joined)} of {plural(account.hosts, 'host')} joined
        </h2>
        <span className="quiet">{share(account.joined, account.hosts)}</span>
      </div>
      <ul className="card__body row">
        {states.length === 0 ? <li className="quiet">No instance is known.</li> : null}
        {states.map((state) => (
          <li key={state}>
            <Link
              to="/instances"
              search={{ account: account.accountId, state }}
              className="button button--small"
            >
              <StateBadge state={state} /> {figure(account.byState[state] ?? 0)}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Regions({ accountId }: { readonly accountId: string }): ReactElement {
  const targets = useQuery(targetsOfAccountQuery(accountId));
  return (
    <Shown of={targets} what="Its regions">
      {(rows: readonly TargetRow[]) => (
        <section className="card" aria-labelledby="account-regions">
          <div className="card__head">
            <h2 id="account-regions">
              {plural(rows.filter(({ region }) => region !== '*').length, 'region')}
            </h2>
          </div>
          <div className="card__body--flush">
            <DataTable
              label={`Regions of ${accountId}`}
              columns={TARGET_COLUMNS}
              rows={rows}
              rowId={({ region }) => region}
              total={rows.length}
            />
          </div>
        </section>
      )}
    </Shown>
  );
}
