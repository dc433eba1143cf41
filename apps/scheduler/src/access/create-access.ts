import { type ErrorRequestHandler, type RequestHandler, Router } from 'express';
import { isReachedByTls } from '@muster/core/config/console-reach';
import type { ConsoleSettings, OidcSettings } from '@muster/core/config/model';
import type { AccessLedger } from '@muster/core/control/access/access-store';
import type { AuditLedger } from '@muster/core/control/audit/audit-store';
import { createKeys } from '@muster/core/redis/keys';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { Registry } from '../http/ledger-metrics.ts';
import { sendProblem } from '../http/problem.ts';
import { byToken } from './api-tokens.ts';
import { guardWrites, identify, type Identifier } from './identify.ts';
import { createLinkRoutes } from './link-routes.ts';
import { createLoginRoutes } from './login-routes.ts';
import { onLoopback } from './loopback.ts';
import { createProvider } from './oidc-provider.ts';
import { createOidcRoutes } from './oidc-routes.ts';
import { challengeByPassword } from './principal.ts';
import { createSessionCookies } from './session-cookie.ts';
import { createSessionRoutes } from './session-routes.ts';
import { bySession } from './session-way.ts';
import { byPassword } from './shared-password.ts';
import { createSignInJournal } from './sign-in-journal.ts';
import { createSignInTries } from './sign-in-tries.ts';
import { byTrustedProxy } from './trusted-proxy.ts';

export interface AccessDeps {
  /** Asked at every request: a reload may change who may come in. */
  readonly settings: () => ConsoleSettings;
  /** On a fail-fast connection, as is the next. */
  readonly access: AccessLedger;
  readonly audit: Pick<AuditLedger, 'append'>;
  /** The same connection, for the counters of tries. */
  readonly redis: unknown;
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
  const { settings, access, prefix, clock, log } = deps;
  const { sessions } = access;
  const cookies = createSessionCookies(prefix, () => isReachedByTls(settings()));
  const journal = createSignInJournal(deps);
  const tries = createSignInTries({
    redis: deps.redis,
    keys: createKeys(prefix),
    metrics: deps.metrics,
    isUser: (name) => settings().users?.some((user) => user.name === name) ?? false,
  });
  // A program says who it is by a header; what a browser brings along by itself comes after it.
  const ways: readonly Identifier[] = [
    byToken({ tokens: access.tokens, journal, clock }),
    byTrustedProxy({ settings, journal }),
    bySession({ sessions, cookies, settings }),
    byPassword({ settings, tries, journal }),
    onLoopback(settings),
  ];
  const challenge: RequestHandler = (request, response, next) => {
    if (settings().password !== null && !OWN_SIGN_IN.test(request.path)) challengeByPassword(response);
    next();
  };
  const shared = { access, sessions, cookies, settings, tries, journal };
  const provider = createProvider(() => required(settings()), clock);
  const routes = Router();
  routes.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  routes.use(createSessionRoutes(shared));
  routes.use(createLoginRoutes(shared));
  routes.use(createLinkRoutes(shared));
  routes.use(createOidcRoutes({ ...shared, provider, prefix, log }));
  routes.use(answerFaulty);
  return { guard: [challenge, identify(ways, log), guardWrites(settings)], routes };
}

/** A body that is too large or no JSON, a path that is none: the sender's fault, in words of its own. */
const answerFaulty: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const status =
    typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 500;
  if (status >= 500 || response.headersSent) next(error);
  else sendProblem(response, { status, title: 'Bad request', detail: 'The request cannot be read.' });
};

/** The routes of single sign-on ask first whether there is any. */
function required({ oidc }: ConsoleSettings): OidcSettings {
  if (oidc === null) throw new Error('single sign-on is not configured');
  return oidc;
}
