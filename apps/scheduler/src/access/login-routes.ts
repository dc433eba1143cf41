import express, { Router } from 'express';
import { Login } from '@muster/api/session';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { Role } from '@muster/core/control/access/role';
import type { SessionLedger } from '@muster/core/control/access/session-store';
import { isPasswordOf } from '@muster/core/runtime/password-hash';
import { sendProblem } from '../http/problem.ts';
import { beginSession } from './begin-session.ts';
import type { SessionCookies } from './session-cookie.ts';
import { sessionOf } from './session-routes.ts';
import { isSharedPassword } from './shared-password.ts';
import type { SignInJournal } from './sign-in-journal.ts';
import type { SignInTries } from './sign-in-tries.ts';
import { SHARED_PASSWORD_USER } from './stamp.ts';

const LARGEST_BODY_BYTES = 4_096;

/** `POST /auth/login`: a user's name and password, from the page's form, become a session. */
export function createLoginRoutes(deps: {
  readonly sessions: SessionLedger;
  readonly cookies: SessionCookies;
  readonly settings: () => ConsoleSettings;
  readonly tries: SignInTries;
  readonly journal: SignInJournal;
}): Router {
  const { settings, tries, journal } = deps;
  const router = Router();
  // JSON only: a form of another site cannot send it.
  router.post('/login', express.json({ limit: LARGEST_BODY_BYTES }), async (request, response) => {
    const form = Login.safeParse(request.body);
    if (!form.success) {
      sendProblem(response, {
        status: 400,
        title: 'No sign-in',
        detail: 'Send {"name", "password"} as JSON.',
      });
      return;
    }
    const { name, password } = form.data;
    const ip = request.ip ?? '';
    const waitSeconds = await tries.begin(ip, name);
    if (waitSeconds !== null) {
      await journal.stopped({ name, kind: 'anonymous', role: null, ip }, waitSeconds);
      response.set('Retry-After', String(waitSeconds));
      sendProblem(response, {
        status: 429,
        title: 'Too many tries',
        detail: `Too many tries. Try again in ${waitSeconds} s.`,
      });
      return;
    }
    const user = await userOf(settings(), name, password);
    if (user === null) {
      tries.wrong();
      await journal.refused({ name, kind: 'anonymous', role: null, ip }, 'wrong name or password');
      sendProblem(response, {
        status: 401,
        title: 'Not signed in',
        detail: 'The name or the password is wrong.',
      });
      return;
    }
    await tries.right(ip, name);
    const session = await beginSession(deps, request, response, { ...user, kind: 'user' });
    await journal.signedIn({ ...user, kind: 'user', ip }, 'by password');
    request.principal = { ...user, kind: 'user', ip };
    request.csrfToken = session.csrfToken;
    response.json(sessionOf(request, settings()));
  });
  return router;
}

/** Takes as long for a name that is none as for one that is. */
async function userOf(
  settings: ConsoleSettings,
  name: string,
  password: string,
): Promise<{ readonly name: string; readonly role: Role } | null> {
  const user = settings.users?.find((one) => one.name === name);
  const isRight = await isPasswordOf(user?.hash ?? '', password);
  if (user !== undefined) return isRight ? { name: user.name, role: user.role } : null;
  return isSharedPassword(settings, password) ? { name: SHARED_PASSWORD_USER, role: 'viewer' } : null;
}
