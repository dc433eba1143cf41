import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { overviewQuery } from './api/queries.ts';
import { parseSearch, type Search, stringifySearch } from './parts/search.ts';
import { NotFound } from './shell/not-found.tsx';
import { PageFault } from './shell/page-fault.tsx';
import { Shell } from './shell/shell.tsx';

/** Any parameter may stand in the address; each page reads its own. */
const anySearch = (search: Record<string, unknown>): Search => search as Search;

const root = createRootRouteWithContext<{ readonly client: QueryClient }>()({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: PageFault,
  validateSearch: anySearch,
});

// Each page is a chunk of its own.
const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  // Asked for while the page's own chunk is on its way.
  loader: ({ context: { client } }) => {
    void client.prefetchQuery(overviewQuery);
  },
  component: lazyRouteComponent(() => import('./pages/overview/overview-page.tsx'), 'OverviewPage'),
});
const instances = createRoute({
  getParentRoute: () => root,
  path: '/instances',
  component: lazyRouteComponent(() => import('./pages/instances/instances-page.tsx'), 'InstancesPage'),
});

const instance = createRoute({
  getParentRoute: () => root,
  path: '/instances/$instanceId',
  component: lazyRouteComponent(() => import('./pages/instance/instance-page.tsx'), 'InstancePage'),
});
const accounts = createRoute({
  getParentRoute: () => root,
  path: '/accounts',
  component: lazyRouteComponent(() => import('./pages/accounts/accounts-page.tsx'), 'AccountsPage'),
});
const account = createRoute({
  getParentRoute: () => root,
  path: '/accounts/$accountId',
  component: lazyRouteComponent(() => import('./pages/account/account-page.tsx'), 'AccountPage'),
});

const findings = createRoute({
  getParentRoute: () => root,
  path: '/findings',
  component: lazyRouteComponent(() => import('./pages/findings/findings-page.tsx'), 'FindingsPage'),
});
const rollout = createRoute({
  getParentRoute: () => root,
  path: '/rollout',
  component: lazyRouteComponent(() => import('./pages/rollout/rollout-page.tsx'), 'RolloutPage'),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  component: lazyRouteComponent(() => import('./pages/audit/audit-page.tsx'), 'AuditPage'),
});
const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('./pages/settings/settings-page.tsx'), 'SettingsPage'),
});

const routeTree = root.addChildren([
  overview,
  instances,
  instance,
  accounts,
  account,
  findings,
  rollout,
  audit,
  settings,
]);

/** The pages and their addresses. */
export function createConsoleRouter(client: QueryClient) {
  return createRouter({
    routeTree,
    context: { client },
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    // The query client decides how fresh data is.
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
