import type { Session } from '@muster/api/session';
import type { ReactElement, ReactNode } from 'react';
import { Freshness } from './connection-banner.tsx';
import { ThemeSwitch } from './theme-switch.tsx';
import { UserMenu } from './user-menu.tsx';

/** The bar over every page: where one is told whether what is shown is live, and who one is. */
export function TopBar({
  drawer,
  palette,
  session,
}: {
  readonly drawer: ReactNode;
  readonly palette: ReactNode;
  readonly session: Session | null;
}): ReactElement {
  return (
    <header className="top-bar">
      {drawer}
      {palette}
      <span className="top-bar__gap" />
      <Freshness />
      <ThemeSwitch />
      <UserMenu session={session} />
    </header>
  );
}
