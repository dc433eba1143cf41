import * as Ariakit from '@ariakit/react';
import type { FindingRow } from '@muster/api/findings';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { send } from '../../api/client.ts';
import { serverNow } from '../../api/connection.ts';
import { refreshAll } from '../../api/refresh.ts';
import { plainText } from '../../format/plain-text.ts';
import { announce } from '../../parts/announcer.tsx';
import { Failed } from '../../parts/states-of-view.tsx';

const DAY_MS = 86_400_000;
const SPANS = [
  { days: 1, label: 'a day' },
  { days: 7, label: 'a week' },
  { days: 30, label: '30 days' },
  { days: 90, label: '90 days' },
] as const;

/** Mutes a finding for a while: it stays in the list of the muted, and no message is sent of it. Null: closed. */
export function MuteDialog({
  finding,
  onClose,
}: {
  readonly finding: FindingRow | null;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <Ariakit.Dialog
      open={finding !== null}
      onClose={onClose}
      unmountOnHide
      className="confirm-act"
      backdrop={<div className="veil" />}
    >
      {finding === null ? null : <MuteForm key={finding.id} finding={finding} onClose={onClose} />}
    </Ariakit.Dialog>
  );
}

function MuteForm({
  finding,
  onClose,
}: {
  readonly finding: FindingRow;
  readonly onClose: () => void;
}): ReactElement {
  const client = useQueryClient();
  const [reason, setReason] = useState(finding.muted?.reason ?? '');
  const [days, setDays] = useState(7);
  const path = `/findings/${encodeURIComponent(finding.id)}/mute`;
  const order = useMutation({
    mutationFn: (isMuted: boolean) =>
      isMuted
        ? send('POST', path, { reason, until: new Date(serverNow() + days * DAY_MS).toISOString() })
        : send('DELETE', path),
    onSuccess: (_answer, isMuted) => {
      announce(isMuted ? 'Muted.' : 'No longer muted.');
      void refreshAll(client);
      onClose();
    },
  });
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        order.mutate(true);
      }}
    >
      <Ariakit.DialogHeading className="confirm-act__title">Mute this finding</Ariakit.DialogHeading>
      <p className="breaks">{plainText(finding.message)}</p>
      <p className="quiet">
        It stays in the list of the muted, and no message is sent of it. Muting changes nothing in what Muster
        does.
      </p>
      <div className="field">
        <label htmlFor="mute-reason">Reason</label>
        <input
          id="mute-reason"
          className="input"
          required
          maxLength={500}
          value={reason}
          onChange={(event) => {
            setReason(event.target.value);
          }}
        />
      </div>
      <div className="field">
        <label htmlFor="mute-days">For</label>
        <select
          id="mute-days"
          className="input"
          value={days}
          onChange={(event) => {
            setDays(Number(event.target.value));
          }}
        >
          {SPANS.map((span) => (
            <option key={span.days} value={span.days}>
              {span.label}
            </option>
          ))}
        </select>
      </div>
      {order.error === null ? null : <Failed what="Muting" error={order.error} />}
      <div className="confirm-act__buttons">
        <button type="button" className="button" onClick={onClose}>
          Do nothing
        </button>
        {finding.muted === null ? null : (
          <button
            type="button"
            className="button"
            disabled={order.isPending}
            onClick={() => {
              order.mutate(false);
            }}
          >
            End the mute
          </button>
        )}
        <button type="submit" className="button button--main" disabled={order.isPending}>
          Mute
        </button>
      </div>
    </form>
  );
}
