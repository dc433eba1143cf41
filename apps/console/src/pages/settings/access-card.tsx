import * as Ariakit from '@ariakit/react';
import type { Access, TokenRow, UserRow } from '@muster/api/access';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { send } from '../../api/client.ts';
import { accessQuery } from '../../api/queries.ts';
import { plainText } from '../../format/plain-text.ts';
import { announce } from '../../parts/announcer.tsx';
import type { Column } from '../../parts/column.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Empty, Failed } from '../../parts/states-of-view.tsx';
import '../../parts/confirm-act.css';

const USERS: readonly Column<UserRow>[] = [
  { id: 'name', header: 'User', weight: 20, cell: (row) => plainText(row.name) },
  { id: 'role', header: 'Role', weight: 10, cell: (row) => row.role },
];

const TOKENS: readonly Column<TokenRow>[] = [
  { id: 'name', header: 'API token', weight: 16, cell: (row) => plainText(row.name) },
  { id: 'role', header: 'Role', weight: 8, cell: (row) => row.role },
  { id: 'scope', header: 'Acts on', weight: 14, cell: (row) => plainText(row.scope) },
  { id: 'by', header: 'Made by', weight: 10, cell: (row) => plainText(row.by) },
  { id: 'created', header: 'Made', weight: 9, cell: (row) => <RelativeTime at={row.createdAt} /> },
  { id: 'expires', header: 'Expires', weight: 9, cell: (row) => <RelativeTime at={row.expiresAt} /> },
  { id: 'used', header: 'Last used', weight: 9, cell: (row) => <RelativeTime at={row.usedAt} /> },
];

function tokenColumns(onRevoke: (token: TokenRow) => void): readonly Column<TokenRow>[] {
  const revoke = (row: TokenRow): ReactElement => (
    <button
      type="button"
      className="button"
      aria-label={`Revoke ${row.name}`}
      onClick={() => {
        onRevoke(row);
      }}
    >
      Revoke
    </button>
  );
  return [...TOKENS, { id: 'revoke', header: 'Revoke', weight: 9, cell: revoke }];
}

/** Who may come in: for admins, who end API tokens here. */
export function AccessCard({ access }: { readonly access: Access }): ReactElement {
  const [asked, setAsked] = useState<TokenRow | null>(null);
  return (
    <>
      {access.users.length === 0 ? (
        <Empty title="No users file is configured, or it has no user" />
      ) : (
        <DataTable label="Users" columns={USERS} rows={access.users} rowId={(row) => row.name} />
      )}
      {access.tokens.length === 0 ? (
        <Empty title="No API token is in force" />
      ) : (
        <DataTable
          label="API tokens"
          columns={tokenColumns(setAsked)}
          rows={access.tokens}
          rowId={(row) => row.id}
        />
      )}
      <Ariakit.Dialog
        open={asked !== null}
        onClose={() => {
          setAsked(null);
        }}
        unmountOnHide
        className="confirm-act"
        backdrop={<div className="veil" />}
      >
        {asked === null ? null : (
          <Revoke
            key={asked.id}
            token={asked}
            onClose={() => {
              setAsked(null);
            }}
          />
        )}
      </Ariakit.Dialog>
    </>
  );
}

function Revoke({
  token,
  onClose,
}: {
  readonly token: TokenRow;
  readonly onClose: () => void;
}): ReactElement {
  const client = useQueryClient();
  const order = useMutation({
    mutationFn: () => send('DELETE', `/access/tokens/${token.id}`),
    onSuccess: () => {
      announce('Revoked.');
      void client.invalidateQueries({ queryKey: accessQuery.queryKey });
      onClose();
    },
  });
  return (
    <div className="stack">
      <Ariakit.DialogHeading className="confirm-act__title">Revoke this API token</Ariakit.DialogHeading>
      <p className="breaks">
        <strong>{plainText(token.name)}</strong> ({token.id}): what asks by it is refused from now on. It
        cannot be taken back; muster api-token create makes another one.
      </p>
      {order.error === null ? null : <Failed what="Revoking" error={order.error} />}
      <div className="confirm-act__buttons">
        <button type="button" className="button" onClick={onClose}>
          Do nothing
        </button>
        <button
          type="button"
          className="button button--main"
          disabled={order.isPending}
          onClick={() => {
            order.mutate();
          }}
        >
          Revoke
        </button>
      </div>
    </div>
  );
}
