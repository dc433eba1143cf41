import { type Response, Router } from 'express';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { AccessLedger } from '@muster/core/control/access/access-store';
import { beginSession } from './begin-session.ts';
import { sendNotice } from './notice-page.ts';
import type { SessionCookies } from './session-cookie.ts';
import type { SignInJournal } from './sign-in-journal.ts';

/**
 * `/auth/link/SECRET`: the link that `muster console login` prints. Opening it changes nothing, since mail scanners and
 * browsers open links ahead; its button uses it up and begins a session.
 */
export function createLinkRoutes(deps: {
  readonly access: AccessLedger;
  readonly sessions: AccessLedger['sessions'];
  readonly cookies: SessionCookies;
  readonly settings: () => ConsoleSettings;
  readonly journal: SignInJournal;
}): Router {
  const { access, journal } = deps;
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
    const ip = request.ip ?? '';
    const link = await access.links.take(request.params.secret);
    if (link === null) {
      await journal.unknownSecret(ip, 'a sign-in link that is used up, too old, or none');
      sendSpent(response);
      return;
    }
    const { name, role } = link;
    await beginSession(deps, request, response, { name, kind: 'link', role });
    await journal.signedIn({ name, kind: 'link', role, ip }, 'by a link');
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
