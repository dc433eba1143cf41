import * as Ariakit from '@ariakit/react';
import type { ActionKind, ActionPlan, ActionRow, Selection } from '@muster/api/actions';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactElement, useId, useState } from 'react';
import { send } from '../api/client.ts';
import { PLAN_KEY } from '../api/refresh.ts';
import { sessionQuery } from '../api/queries.ts';
import { ActProgress } from './act-progress.tsx';
import { PlanFacts } from './plan-facts.tsx';
import { Failed, Loading } from './states-of-view.tsx';
import './confirm-act.css';

/** An act that the operator is about to order. */
export interface Act {
  readonly kind: ActionKind;
  readonly selection: Selection;
  /** What the button said: `Retry 17 hosts`. */
  readonly title: string;
}

/**
 * Asks before an act: first what it would touch just now, then the order, then how far it is. The order carries the plan
 * that was shown, so that what is done is what was seen. Null: closed.
 */
export function ConfirmAct({
  act,
  onClose,
}: {
  readonly act: Act | null;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <Ariakit.Dialog
      open={act !== null}
      onClose={onClose}
      unmountOnHide
      // A click beside it must not take the progress of an act out of sight.
      hideOnInteractOutside={false}
      className="confirm-act"
      backdrop={<div className="veil" />}
    >
      {act === null ? null : <Steps key={JSON.stringify(act)} act={act} onClose={onClose} />}
    </Ariakit.Dialog>
  );
}

function Steps({ act, onClose }: { readonly act: Act; readonly onClose: () => void }): ReactElement {
  const session = useQuery(sessionQuery);
  const [reason, setReason] = useState('');
  const dialog = useId();
  const plan = useQuery({
    queryKey: [PLAN_KEY, dialog],
    queryFn: () =>
      send<ActionPlan>('POST', '/actions', { kind: act.kind, selection: act.selection, dry_run: true }),
    enabled: session.data !== undefined && session.data.principal?.role !== 'viewer',
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  const order = useMutation({
    mutationFn: (pinned: string) =>
      send<ActionRow>(
        'POST',
        '/actions',
        { kind: act.kind, selection: act.selection, reason, plan: pinned },
        // A second press of the button, or another try after a lost answer, orders nothing twice.
        { 'Idempotency-Key': pinned },
      ),
  });

  if (order.data !== undefined) {
    return (
      <>
        <Ariakit.DialogHeading className="confirm-act__title">{act.title}</Ariakit.DialogHeading>
        <ActProgress action={order.data} onClose={onClose} />
      </>
    );
  }
  return (
    <>
      <Ariakit.DialogHeading className="confirm-act__title">{act.title}?</Ariakit.DialogHeading>
      {session.data?.principal?.role === 'viewer' ? (
        <MayNotAct isLink={session.data.signIn.link} />
      ) : plan.data !== undefined ? (
        <>
          <PlanFacts plan={plan.data} />
          <div className="field">
            <label htmlFor="act-reason">Reason, for the audit</label>
            <input
              id="act-reason"
              className="input"
              maxLength={500}
              value={reason}
              onChange={(event) => {
                setReason(event.target.value);
              }}
            />
          </div>
          {order.error === null ? null : (
            <Failed
              what="The order"
              error={order.error}
              onRetry={() => {
                // What was planned may be another thing by now: it is looked at again, not ordered again.
                order.reset();
                void plan.refetch();
              }}
            />
          )}
        </>
      ) : plan.error !== null ? (
        <Failed what="What it would touch" error={plan.error} onRetry={() => void plan.refetch()} />
      ) : (
        <Loading what="What it would touch" />
      )}
      <div className="confirm-act__buttons">
        <button type="button" className="button" onClick={onClose}>
          {plan.data === undefined ? 'Close' : 'Do nothing'}
        </button>
        {plan.data === undefined ? null : (
          <button
            type="button"
            className="button button--main"
            disabled={order.isPending}
            onClick={() => {
              order.mutate(plan.data.plan);
            }}
          >
            {act.title}
          </button>
        )}
      </div>
    </>
  );
}

function MayNotAct({ isLink }: { readonly isLink: boolean }): ReactElement {
  return (
    <p>
      You may look, and not act.{' '}
      {isLink ? (
        <>
          Run <code>muster console login</code> on the machine where the scheduler runs, and open the link
          that it prints in this browser.
        </>
      ) : (
        'An operator of Muster may do this, or give you the role.'
      )}
    </p>
  );
}
