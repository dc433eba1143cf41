import type { ActionRow } from '@muster/api/actions';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactElement, useEffect } from 'react';
import { send } from '../api/client.ts';
import { refreshAll } from '../api/refresh.ts';
import { actionQuery } from '../api/queries.ts';
import { figure } from '../format/numbers.ts';
import { announce } from './announcer.tsx';
import { Failed } from './states-of-view.tsx';

const OUTCOMES = {
  running: 'Under way',
  done: 'Done',
  canceled: 'Canceled',
  failed: 'Failed',
} as const;

/** How far an act is, until it has ended; it can be canceled meanwhile, and goes on when the page is closed. */
export function ActProgress({
  action,
  onClose,
}: {
  readonly action: ActionRow;
  readonly onClose: () => void;
}): ReactElement {
  const client = useQueryClient();
  const { data } = useQuery({ ...actionQuery(action.id), initialData: action });
  const cancel = useMutation({
    mutationFn: () => send('POST', `/actions/${encodeURIComponent(action.id)}/cancel`),
    onSettled: () => client.invalidateQueries({ queryKey: ['actions', action.id] }),
  });
  const isRunning = data.state === 'running';
  useEffect(() => {
    if (isRunning) return;
    announce(`${OUTCOMES[data.state]}. ${data.message}`);
    void refreshAll(client);
  }, [isRunning, data.state, data.message, client]);
  const { total, done, skipped, failed } = data.progress;

  return (
    <>
      <div className="confirm-act__plan" data-action-state={data.state}>
        <p>
          <strong>{OUTCOMES[data.state]}.</strong> {data.message}
        </p>
        <progress
          max={Math.max(1, total)}
          value={isRunning ? done + skipped + failed : Math.max(1, total)}
          aria-label="Progress"
        />
        <p className="quiet">
          {figure(done)} of {figure(total)} done
          {skipped > 0 ? `, ${figure(skipped)} left alone` : ''}
          {failed > 0 ? `, ${figure(failed)} failed` : ''}
        </p>
        {cancel.error === null ? null : <Failed what="Canceling" error={cancel.error} />}
      </div>
      <div className="confirm-act__buttons">
        {isRunning ? (
          <button
            type="button"
            className="button button--danger"
            disabled={cancel.isPending}
            onClick={() => {
              cancel.mutate();
            }}
          >
            Cancel the rest
          </button>
        ) : null}
        <button type="button" className="button button--main" onClick={onClose}>
          {isRunning ? 'Close; it goes on' : 'Close'}
        </button>
      </div>
    </>
  );
}
