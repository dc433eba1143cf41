import { accessRoutes } from './access.ts';
import { accountRoutes } from './accounts.ts';
import { actionRoutes } from './actions.ts';
import { auditRoutes } from './audit.ts';
import { eventRoutes } from './events.ts';
import { findingRoutes } from './findings.ts';
import { historyRoutes } from './history.ts';
import { instanceRoutes } from './instances.ts';
import { muteRoutes } from './mutes.ts';
import { overviewRoutes } from './overview.ts';
import { rolloutRoutes } from './rollout.ts';
import type { ApiRoute } from './route.ts';
import { sweepRoutes } from './sweeps.ts';
import { systemRoutes } from './system.ts';

/** Every route of `/api/v1`, in the order of the document. */
export const API_ROUTES: readonly ApiRoute[] = [
  ...overviewRoutes,
  ...accountRoutes,
  ...instanceRoutes,
  ...findingRoutes,
  ...muteRoutes,
  ...rolloutRoutes,
  ...actionRoutes,
  ...auditRoutes,
  ...historyRoutes,
  ...accessRoutes,
  ...sweepRoutes,
  ...systemRoutes,
  ...eventRoutes,
];
