import { type Request, Router } from 'express';
import type { Session } from '@muster/api/session';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { SessionLedger } from '@muster/core/control/access/session-store';
import type { SessionCookies } from './session-cookie.ts';

/** `GET /auth/session`: who asks, and the ways to sign in. `POST /auth/logout` ends the session, here and in the browser. */
export function createSessionRoutes(deps: {
  readonly sessions: SessionLedger;
  readonly cookies: SessionCookies;
  readonly settings: () => ConsoleSettings;
}): Router {
  const { sessions, cookies, settings } = deps;
  const router = Router();
  router.get('/session', (request, response) => {
    response.json(sessionOf(request, settings()));
  });
  router.post('/logout', async (request, response) => {
    const secret = cookies.read(request);
    if (secret !== null) await sessions.end(secret);
    cookies.clear(response);
    response.status(204).end();
  });
  return router;
}

/** The answer of `GET /auth/session`. */
export function sessionOf({ principal, csrfToken }: Request, settings: ConsoleSettings): Session {
  return {
    principal:
      principal === null ? null : { name: principal.name, kind: principal.kind, role: principal.role },
    csrf: csrfToken,
    signIn: { password: settings.password !== null, oidc: null, link: true },
  };
}
