import type { Request, Response } from 'express';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { Session, SessionLedger } from '@muster/core/control/access/session-store';
import type { SessionCookies } from './session-cookie.ts';
import { stampOf } from './stamp.ts';

/** Signs a browser in: always with a new secret, and the session that it had before ends. */
export async function beginSession(
  deps: {
    readonly sessions: SessionLedger;
    readonly cookies: SessionCookies;
    readonly settings: () => ConsoleSettings;
  },
  request: Request,
  response: Response,
  who: Pick<Session, 'name' | 'kind' | 'role'>,
): Promise<Session> {
  const { sessions, cookies } = deps;
  const settings = deps.settings();
  const before = cookies.read(request);
  if (before !== null) await sessions.end(before);
  const { secret, session } = await sessions.begin(
    { ...who, stamp: stampOf(settings, who) ?? '' },
    settings.session,
  );
  cookies.give(response, secret);
  return session;
}
