import type { ApprovalRow, HeldChange, Rollout } from '@muster/api/rollout';
import type { ReactElement } from 'react';
import { figure, plural } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import type { Act } from '../../parts/confirm-act.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';

/** What waits for an operator's approval; nothing where nothing does. */
export function Approvals({
  rollout,
  onAct,
}: {
  readonly rollout: Rollout;
  readonly onAct: (act: Act) => void;
}): ReactElement | null {
  const { approvals, held } = rollout;
  if (approvals.length === 0 && held === null) return null;
  return (
    <section className="card rollout__asks" aria-labelledby="approvals-title">
      <header className="card__head">
        <h2 id="approvals-title">Waits for your approval</h2>
      </header>
      <ul className="card__body stack rollout__list" id="approvals">
        {approvals.map((request) => (
          <Request key={request.subject} request={request} held={held} onAct={onAct} />
        ))}
        {held !== null && !approvals.some(({ subject }) => subject.startsWith('change:')) ? (
          <li>
            <Held held={held} />
          </li>
        ) : null}
      </ul>
    </section>
  );
}

function Request({
  request: { subject, hosts, accounts, detail, since },
  held,
  onAct,
}: {
  readonly request: ApprovalRow;
  readonly held: HeldChange | null;
  readonly onAct: (act: Act) => void;
}): ReactElement {
  const name = subject === 'cleanup:nodes' ? 'the clean-up' : subject.replace(':', ' ');
  return (
    <li data-subject={subject}>
      <p className="breaks">{plainText(detail)}</p>
      <p className="quiet small">
        {plural(hosts, 'host')} in {plural(accounts, 'account')}, asked for <RelativeTime at={since} />
      </p>
      {held !== null && subject === `change:${held.id}` ? <Held held={held} /> : null}
      <button
        type="button"
        className="button button--main"
        onClick={() => {
          onAct({
            kind: 'approve',
            selection: { subject },
            title: `Approve ${subject.startsWith('change:') ? 'the change' : plainText(name)}`,
          });
        }}
      >
        Approve
      </button>
    </li>
  );
}

/** What a change of the configuration selects more. */
function Held({ held }: { readonly held: HeldChange }): ReactElement {
  return (
    <div className="rollout__held">
      <p>
        The configuration selects <strong>{plural(held.hosts, 'host')}</strong> more, in{' '}
        {plural(held.accounts, 'account')}
        {held.counted ? '' : ', as counted so far'}. They wait; all others go on.
      </p>
      <table className="plain-table">
        <caption className="unseen">Added hosts by account</caption>
        <thead>
          <tr>
            <th scope="col">Account</th>
            <th scope="col">Added hosts</th>
          </tr>
        </thead>
        <tbody>
          {held.byAccount.map(({ accountId, name, hosts }) => (
            <tr key={accountId}>
              <th scope="row" className="breaks">
                <span className="mono">{accountId}</span> {plainText(name)}
              </th>
              <td>{figure(hosts)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
