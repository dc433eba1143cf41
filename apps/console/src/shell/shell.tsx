import { useQuery } from '@tanstack/react-query';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { type ReactElement, Suspense, useEffect, useRef } from 'react';
import { sessionQuery } from '../api/queries.ts';
import { Announcer } from '../parts/announcer.tsx';
import { Loading } from '../parts/states-of-view.tsx';
import { CommandPalette } from './command-palette.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { Navigation, NavigationDrawer } from './navigation.tsx';
import { SignIn } from './sign-in.tsx';
import { TopBar } from './top-bar.tsx';
import './shell.css';

/** What stands around every page. One who may not even look sees the sign-in instead. */
export function Shell(): ReactElement {
  const session = useQuery(sessionQuery);
  const main = useFocusOnNewPage();
  if (session.data !== undefined && session.data.principal === null) {
    return (
      <>
        <SignIn session={session.data} />
        <Announcer />
      </>
    );
  }
  return (
    <div className="shell">
      <a className="shell__skip" href="#main">
        Skip to the page
      </a>
      <aside className="shell__side">
        <Navigation />
      </aside>
      <div className="shell__column">
        <TopBar drawer={<NavigationDrawer />} palette={<CommandPalette />} session={session.data ?? null} />
        <ConnectionBanner />
        <main id="main" ref={main} tabIndex={-1} className="shell__main">
          <Suspense fallback={<Loading what="The page" rows={8} />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <Announcer />
    </div>
  );
}

/** A new page begins at its top, for the keyboard and the screen reader too. Other filters of the same page do not count. */
function useFocusOnNewPage() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    main.current?.focus({ preventScroll: true });
  }, [path]);
  return main;
}
