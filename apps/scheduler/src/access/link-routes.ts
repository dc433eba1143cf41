import { type Response, Router } from 'express';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { AccessLedger } from '@muster/core/control/access/access-store';
import type { Logger } from '@muster/core/runtime/logger-port';
import { sendNotice } from './notice-page.ts';
import type { SessionCookies } from './session-cookie.ts';

/**
 * `/auth/link/SECRET`: the link that `muster console login` prints. Opening it changes nothing, since mail scanners and
 * browsers open links ahead; its button uses it up and begins a session.
 */
export function createLinkRoutes(deps: {
  readonly access: AccessLedger;
  readonly cookies: SessionCookies;
  readonly settings: () => ConsoleSettings;
  readonly log: Logger;
}): Router {
  const { access, cookies, settings, log } = deps;
  const router = Router();
  router.get('/link/:secret', async (request, response) => {
    const { secret } = request.params;
    const link = await access.links.look(secret);
    if (link === null) {
      sendSpent(response);
      return;
    }
    sendNotice(response, {
      status: 200,
      title: 'Sign in to Muster',
      text: `This link signs this browser in as ${link.name}, with the role ${link.role}. It works once.`,
      button: { label: `Sign in as ${link.role}`, action: `/auth/link/${secret}` },
    });
  });
  router.post('/link/:secret', async (request, response) => {
    const link = await access.links.take(request.params.secret);
    if (link === null) {
      log.warn({ address: request.ip }, 'a sign-in link that is not there was tried');
      sendSpent(response);
      return;
    }
    const before = cookies.read(request);
    if (before !== null) await access.sessions.end(before);
    const secret = await access.sessions.begin({ ...link, kind: 'link', stamp: '' }, settings().session);
    cookies.give(response, secret);
    log.info({ user: link.name, role: link.role, address: request.ip }, 'signed in by a link');
    response.redirect(303, '/');
  });
  return router;
}

function sendSpent(response: Response): void {
  sendNotice(response, {
    status: 410,
    title: 'This link is used up',
    text: 'A sign-in link works once, within ten minutes. Run `muster console login` for another one.',
    button: null,
  });
}
