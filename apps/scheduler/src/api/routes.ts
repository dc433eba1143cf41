import { findingRoutes } from './findings.ts';
import { historyRoutes } from './history.ts';
import { muteRoutes } from './mutes.ts';
import type { ApiRoute } from './route.ts';

/** Every route of `/api/v1`, in the order of the document. */
export const API_ROUTES: readonly ApiRoute[] = [...findingRoutes, ...muteRoutes, ...historyRoutes];
