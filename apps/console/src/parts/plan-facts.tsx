import type { ActionPlan } from '@muster/api/actions';
import type { ReactElement } from 'react';
import { serverNow } from '../api/connection.ts';
import { figure, plural } from '../format/numbers.ts';
import { plainText } from '../format/plain-text.ts';
import { duration } from '../format/time.ts';

/** What an act would touch just now, before it is ordered. */
export function PlanFacts({ plan }: { readonly plan: ActionPlan }): ReactElement {
  const others = plan.accounts - plan.some.length;
  return (
    <div className="confirm-act__plan">
      <p className="confirm-act__reach">
        <strong>{plural(plan.hosts, 'host')}</strong> in <strong>{plural(plan.accounts, 'account')}</strong>
      </p>
      <p>{plan.effect}</p>
      {plan.ramp === null ? null : <p className="quiet">{plan.ramp}</p>}
      {plan.some.length === 0 ? null : (
        <ul className="confirm-act__accounts">
          {plan.some.map(({ accountId, name, hosts }) => (
            <li key={accountId}>
              <span className="breaks">
                <span className="mono">{accountId}</span> {plainText(name)}
              </span>
              <span>{figure(hosts)}</span>
            </li>
          ))}
          {others > 0 ? <li className="quiet">and {plural(others, 'other account')}</li> : null}
        </ul>
      )}
      {plan.skipped.map(({ reason, hosts }) => (
        <p key={reason} className="quiet">
          {plural(hosts, 'host')} left alone: {reason}
        </p>
      ))}
      <p className="quiet small">
        Nothing has been done yet. This can be ordered for{' '}
        {duration(Date.parse(plan.validUntil) - serverNow())}.
      </p>
    </div>
  );
}
