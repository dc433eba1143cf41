import { type Request, Router } from 'express';
import type { Session } from '@muster/api/session';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { SessionLedger } from '@muster/core/control/access/session-store';
import type { SessionCookies } from './session-cookie.ts';
import type { SignInJournal } from './sign-in-journal.ts';

/** `GET /auth/session`: who asks, and the ways to sign in. `POST /auth/logout` ends the session, here and in the browser. */
export function createSessionRoutes(deps: {
  readonly sessions: SessionLedger;
  readonly cookies: SessionCookies;
  readonly settings: () => ConsoleSettings;
  readonly journal: SignInJournal;
}): Router {
  const { sessions, cookies, settings, journal } = deps;
  const router = Router();
  router.get('/session', (request, response) => {
    response.json(sessionOf(request, settings()));
  });
  router.post('/logout', async (request, response) => {
    const secret = cookies.read(request);
    if (secret !== null) await sessions.end(secret);
    if (secret !== null && request.principal !== null) await journal.signedOut(request.principal);
    cookies.clear(response);
    response.status(204).end();
  });
  return router;
}

/** The answer of `GET /auth/session`. */
export function sessionOf(
  { principal, csrfToken }: Pick<Request, 'principal' | 'csrfToken'>,
  { users, oidc, password }: Pick<ConsoleSettings, 'users' | 'oidc' | 'password'>,
): Session {
  return {
    principal:
      principal === null ? null : { name: principal.name, kind: principal.kind, role: principal.role },
    csrf: csrfToken,
    signIn: { password: users !== null || password !== null, oidc: oidc?.label ?? null, link: true },
  };
}
