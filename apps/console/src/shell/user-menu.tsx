import * as Ariakit from '@ariakit/react';
import type { Session } from '@muster/api/session';
import { useQueryClient } from '@tanstack/react-query';
import { CircleUser } from 'lucide-react';
import type { ReactElement } from 'react';
import { send } from '../api/client.ts';
import { problemOf } from '../api/problem.ts';
import { announce } from '../parts/announcer.tsx';

/** Who one is, what one may do, and the way out. */
export function UserMenu({ session }: { readonly session: Session | null }): ReactElement | null {
  const client = useQueryClient();
  const principal = session?.principal ?? null;
  if (session === null || principal === null) return null;
  const name = principal.kind === 'loopback' ? 'This machine' : principal.name;
  return (
    <Ariakit.MenuProvider placement="bottom-end">
      <Ariakit.MenuButton
        className="button button--plain user-menu"
        aria-label={`Signed in: ${name}, ${principal.role}`}
      >
        <CircleUser aria-hidden />
        <span className="user-menu__name">{name}</span>
      </Ariakit.MenuButton>
      <Ariakit.Menu gutter={6} className="menu" portal>
        <div className="menu__text">
          <strong className="breaks">{name}</strong>
          <p className="quiet">{mayDo(principal.role)}</p>
          {principal.kind === 'loopback' && session.signIn.link ? (
            <p className="quiet">
              To act, run <code>muster console login</code> on this machine and open the link that it prints.
            </p>
          ) : null}
        </div>
        {principal.kind === 'loopback' || principal.kind === 'proxy' ? null : (
          <Ariakit.MenuItem
            className="menu__item"
            onClick={() => {
              send('POST', '/auth/logout').then(
                () => {
                  client.clear();
                  window.location.assign('/');
                },
                (error: unknown) => {
                  announce(problemOf(error)?.detail ?? 'Signing out failed.');
                },
              );
            }}
          >
            Sign out
          </Ariakit.MenuItem>
        )}
      </Ariakit.Menu>
    </Ariakit.MenuProvider>
  );
}

function mayDo(role: string): string {
  if (role === 'viewer') return 'Viewer: may look, and not act.';
  return role === 'operator'
    ? 'Operator: may look and act.'
    : 'Administrator: may look and act, see who may come in, and revoke API tokens.';
}
