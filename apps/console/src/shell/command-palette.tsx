import * as Ariakit from '@ariakit/react';
import type { AccountRow } from '@muster/api/accounts';
import type { InstanceRow } from '@muster/api/instances';
import type { Page } from '@muster/api/paging';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { type ReactElement, startTransition, useEffect, useState } from 'react';
import { ask } from '../api/client.ts';
import { plainText } from '../format/plain-text.ts';
import { StateBadge } from '../parts/badge.tsx';
import { useDelayed } from '../parts/use-delayed.ts';
import { PLACES } from './places.ts';
import './command-palette.css';

const TYPED_MS = 150;
const FOUND = 6;

/** Goes to a page, an instance or an account by a few letters: Ctrl-K, or ⌘K. */
export function CommandPalette(): ReactElement {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      setOpen((before) => !before);
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  }, []);
  return (
    <>
      <button
        type="button"
        className="button palette-button"
        onClick={() => {
          setOpen(true);
        }}
      >
        <Search aria-hidden />
        <span className="palette-button__text">Search an instance, account or page</span>
        <kbd className="palette-button__key">Ctrl K</kbd>
      </button>
      <Ariakit.Dialog
        open={isOpen}
        onClose={() => {
          setOpen(false);
        }}
        unmountOnHide
        className="palette"
        backdrop={<div className="veil" />}
        aria-label="Search"
      >
        <Choices
          onGo={() => {
            setOpen(false);
          }}
        />
      </Ariakit.Dialog>
    </>
  );
}

function Choices({ onGo }: { readonly onGo: () => void }): ReactElement {
  const [typed, setTyped] = useState('');
  const q = useDelayed(typed.trim(), TYPED_MS);
  const navigate = useNavigate();
  const pages = PLACES.filter(({ name }) => name.toLowerCase().includes(typed.trim().toLowerCase()));
  const found = useFound(q);

  function go(to: () => void): () => void {
    return () => {
      onGo();
      to();
    };
  }

  return (
    <Ariakit.ComboboxProvider
      open
      setValue={(value) => {
        startTransition(() => {
          setTyped(value);
        });
      }}
    >
      <Ariakit.Combobox
        autoFocus
        autoSelect="always"
        maxLength={200}
        placeholder="Id, name, account or page"
        aria-label="Id, name, account or page"
        className="palette__field"
      />
      <Ariakit.ComboboxList alwaysVisible className="palette__list" aria-label="What was found">
        {pages.map((place) => (
          <Ariakit.ComboboxItem
            key={place.path}
            value={place.name}
            className="palette__item"
            hideOnClick={false}
            setValueOnClick={false}
            onClick={go(() => {
              if (place.route === undefined) window.location.assign(place.path);
              else void navigate({ to: place.route });
            })}
          >
            <place.icon aria-hidden />
            <span className="palette__name">{place.name}</span>
            <span className="quiet">Page</span>
          </Ariakit.ComboboxItem>
        ))}
        {found.instances.map((row) => (
          <Ariakit.ComboboxItem
            key={row.instanceId}
            value={row.instanceId}
            className="palette__item"
            hideOnClick={false}
            setValueOnClick={false}
            onClick={go(
              () => void navigate({ to: '/instances/$instanceId', params: { instanceId: row.instanceId } }),
            )}
          >
            <span className="mono">{row.instanceId}</span>
            <span className="palette__name">{plainText(row.name)}</span>
            <StateBadge state={row.state} />
          </Ariakit.ComboboxItem>
        ))}
        {found.accounts.map((row) => (
          <Ariakit.ComboboxItem
            key={row.accountId}
            value={row.accountId}
            className="palette__item"
            hideOnClick={false}
            setValueOnClick={false}
            onClick={go(
              () => void navigate({ to: '/accounts/$accountId', params: { accountId: row.accountId } }),
            )}
          >
            <span className="mono">{row.accountId}</span>
            <span className="palette__name">{plainText(row.name)}</span>
            <span className="quiet">Account</span>
          </Ariakit.ComboboxItem>
        ))}
        {q !== '' && pages.length + found.instances.length + found.accounts.length === 0 ? (
          <p className="palette__none quiet">{found.isAsking ? 'Searching…' : 'Nothing was found.'}</p>
        ) : null}
      </Ariakit.ComboboxList>
    </Ariakit.ComboboxProvider>
  );
}

function useFound(q: string): {
  readonly instances: readonly InstanceRow[];
  readonly accounts: readonly AccountRow[];
  readonly isAsking: boolean;
} {
  const instances = useQuery({
    queryKey: ['instances', 'palette', q],
    queryFn: ({ signal }) => ask<Page<InstanceRow>>('/instances', { q, limit: FOUND }, signal),
    enabled: q !== '',
  });
  const accounts = useQuery({
    queryKey: ['accounts', 'palette', q],
    queryFn: ({ signal }) => ask<Page<AccountRow>>('/accounts', { q, limit: FOUND }, signal),
    enabled: q !== '',
  });
  // What another word found must not lead anywhere.
  const rowsOf = <Row,>(asked: {
    readonly data: Page<Row> | undefined;
    readonly isPlaceholderData: boolean;
  }): readonly Row[] => (q === '' || asked.isPlaceholderData ? [] : (asked.data?.items ?? []));
  return {
    instances: rowsOf(instances),
    accounts: rowsOf(accounts),
    isAsking: instances.isFetching || accounts.isFetching,
  };
}
