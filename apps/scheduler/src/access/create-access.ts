import { type RequestHandler, Router } from 'express';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { AccessLedger } from '@muster/core/control/access/access-store';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { Registry } from '../http/ledger-metrics.ts';
import { guardWrites, identify, type Identifier } from './identify.ts';
import { createLinkRoutes } from './link-routes.ts';
import { createPasswordTries } from './password-tries.ts';
import { challengeByPassword } from './principal.ts';
import { createSessionCookies } from './session-cookie.ts';
import { createSessionRoutes } from './session-routes.ts';
import { byPassword } from './shared-password.ts';
import { bySession } from './session-way.ts';
import { onLoopback } from './ways-in.ts';

export interface AccessDeps {
  /** Asked at every request: a reload may change who may come in. */
  readonly settings: () => ConsoleSettings;
  /** On a fail-fast connection. */
  readonly access: AccessLedger;
  /** Of the keys in Redis. */
  readonly prefix: string;
  readonly metrics: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Access {
  /** Sets `request.principal`, and refuses writes that no operator asks for. Stands before every route but the health checks. */
  readonly guard: readonly RequestHandler[];
  /** `/auth/…`: who am I, sign in, sign out. */
  readonly routes: Router;
}

/** What the console's page asks: it shows a form of its own. */
const OWN_SIGN_IN = /^\/(api\/v1|auth)\//;

/** Who may come in, by the ways that the configuration names; see docs/decisions/0028-access.md. */
export function createAccess(deps: AccessDeps): Access {
  const { settings, access, log } = deps;
  const cookies = createSessionCookies(deps.prefix, () => false);
  const tries = createPasswordTries(deps);
  const ways: readonly Identifier[] = [
    bySession({ sessions: access.sessions, cookies, settings }),
    byPassword({ settings, tries }),
    onLoopback(settings),
  ];
  const routes = Router();
  routes.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  routes.use(createSessionRoutes({ sessions: access.sessions, cookies, settings }));
  routes.use(createLinkRoutes({ access, cookies, settings, log }));
  const challenge: RequestHandler = (request, response, next) => {
    if (settings().password !== null && !OWN_SIGN_IN.test(request.path)) challengeByPassword(response);
    next();
  };
  return { guard: [challenge, identify(ways, log), guardWrites()], routes };
}
