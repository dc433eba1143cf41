import { type CookieOptions, type Request, type Response, Router } from 'express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { AccessLedger } from '@muster/core/control/access/access-store';
import { FLOW_LIFE_MS } from '@muster/core/control/access/oidc-flow-store';
import { isReachedByTls } from '@muster/core/config/console-reach';
import { messageOf } from '@muster/core/runtime/errors';
import type { Logger } from '@muster/core/runtime/logger-port';
import { beginSession } from './begin-session.ts';
import { localPath } from './local-path.ts';
import { networkOf } from './network-of.ts';
import { sendNotice } from './notice-page.ts';
import type { Provider } from './oidc-provider.ts';
import { cookieNamed, type SessionCookies } from './session-cookie.ts';
import type { SignInJournal } from './sign-in-journal.ts';
import { waitOf } from './sign-in-tries.ts';

/** An office behind one address signs in by it; each start leaves a key in Redis for ten minutes. Counted in the process. */
const STARTS_PER_NETWORK = { points: 60, duration: 60 };

/** `/auth/oidc/start` sends the browser to the provider, `/auth/oidc/callback` takes it back and begins a session. */
export function createOidcRoutes(deps: {
  readonly access: AccessLedger;
  readonly sessions: AccessLedger['sessions'];
  readonly cookies: SessionCookies;
  readonly settings: () => ConsoleSettings;
  readonly provider: Provider;
  readonly prefix: string;
  readonly journal: SignInJournal;
  readonly log: Logger;
}): Router {
  const { access, settings, provider, journal, log } = deps;
  // Binds the way back to the browser that began: another person's way back, sent as a link, signs nothing in.
  const cookie = `muster_oidc_${deps.prefix}`;
  const options = (): CookieOptions => ({
    httpOnly: true,
    sameSite: 'lax',
    secure: isReachedByTls(settings()),
    path: '/auth/oidc',
  });
  const router = Router();
  router.use('/oidc', (_request, response, next) => {
    if (settings().oidc === null) sendFailure(response, 404, 'Single sign-on is not configured.');
    else next();
  });

  const starts = new RateLimiterMemory(STARTS_PER_NETWORK);
  router.get('/oidc/start', async (request, response) => {
    const waitSeconds = await waitOf(starts.consume(networkOf(request.ip ?? '')));
    if (waitSeconds > 0) {
      response.set('Retry-After', String(waitSeconds));
      sendFailure(response, 429, `Too many tries. Try again in ${waitSeconds} s.`);
      return;
    }
    try {
      const { url, state, nonce, verifier } = await provider.start();
      await access.flows.put(state, { nonce, verifier, next: localPath(request.query['next']) });
      response.cookie(cookie, state, { ...options(), maxAge: FLOW_LIFE_MS });
      response.redirect(303, url.href);
    } catch (error) {
      log.error({ err: error }, 'the OpenID Connect provider cannot be used');
      sendFailure(
        response,
        502,
        'The provider of single sign-on cannot be used just now. The scheduler’s log says why.',
      );
    }
  });

  router.get('/oidc/callback', async (request, response) => {
    const state = cookieNamed(request, cookie);
    // The cookie of a sign-in that another tab began since is not this one's to take away.
    const isOurs = state !== null && state === request.query['state'];
    if (isOurs) response.clearCookie(cookie, options());
    const flow = isOurs ? await access.flows.take(state) : null;
    if (state === null || flow === null) {
      sendFailure(
        response,
        400,
        'This sign-in was not begun in this browser, or more than ten minutes ago. Begin again.',
      );
      return;
    }
    const ip = request.ip ?? '';
    const user = await provider.finish(queryOf(request), { ...flow, state }).catch(async (error: unknown) => {
      const reason = messageOf(error).slice(0, 200);
      log.debug({ err: error, address: ip }, 'the provider’s answer was not taken');
      await journal.refused({ name: '', kind: 'anonymous', role: null, ip }, `single sign-on: ${reason}`);
      return null;
    });
    if (user === null) {
      sendFailure(response, 401, 'The provider has not signed you in. The scheduler’s log says why.');
      return;
    }
    const { name, role, areGroupsLeftOut } = user;
    if (role === null) {
      const why = areGroupsLeftOut ? 'the provider left the groups out' : 'no group of the user has a role';
      await journal.refused({ name, kind: 'oidc', role, ip }, why);
      sendFailure(response, 403, areGroupsLeftOut ? leftOut(name) : withoutRole(name));
      return;
    }
    await beginSession(deps, request, response, { name, kind: 'oidc', role });
    await journal.signedIn({ name, kind: 'oidc', role, ip }, 'by single sign-on');
    response.redirect(303, flow.next);
  });
  return router;
}

function withoutRole(name: string): string {
  return `No group of ${name} has a role here. The operator of Muster maps groups in muster.console.oidc.roles.`;
}

function leftOut(name: string): string {
  return `The provider did not tell the groups of ${name}, since there are too many of them. Its administrator can have it tell Muster only the groups that are assigned to this application.`;
}

function queryOf(request: Request): string {
  const at = request.originalUrl.indexOf('?');
  return at === -1 ? '' : request.originalUrl.slice(at);
}

function sendFailure(response: Response, status: number, text: string): void {
  sendNotice(response, { status, title: 'Not signed in', text, button: null });
}
