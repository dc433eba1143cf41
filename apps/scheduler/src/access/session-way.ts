import type { Request } from 'express';
import { isOpenConsole } from '@muster/core/config/console-reach';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { SessionLedger } from '@muster/core/control/access/session-store';
import type { Identifier } from './identify.ts';
import type { SessionCookies } from './session-cookie.ts';
import { stampOf } from './stamp.ts';

/** What a page asks for by itself says so, and keeps no session from being idle. */
const BACKGROUND_HEADER = 'x-muster-background';
/** Pages ask for these again and again, and no header can be added: the stream of changes, and what Bull Board's page polls. */
const UNASKED = /^\/(api\/v1\/events$|queues\/api\/)/i;

/** By the cookie of a session that has not ended. */
export function bySession(deps: {
  readonly sessions: SessionLedger;
  readonly cookies: SessionCookies;
  readonly settings: () => ConsoleSettings;
}): Identifier {
  return async (request, isAgain) => {
    const secret = deps.cookies.read(request);
    if (secret === null) return null;
    const settings = deps.settings();
    const idleMs = isAgain || isBackground(request) ? null : settings.session.idleMs;
    const session = await deps.sessions.find(secret, idleMs).catch((error: unknown) => {
      // What this machine may read anyway does not wait for Redis.
      if (isOpenConsole(settings) && request.method === 'GET') return null;
      throw error;
    });
    if (session === null || session.stamp !== stampOf(settings, session)) return null;
    const { name, kind, role, csrfToken } = session;
    return { kind: 'known', csrfToken, principal: { name, kind, role, ip: request.ip ?? '' } };
  };
}

function isBackground({ headers, method, path }: Request): boolean {
  if (headers[BACKGROUND_HEADER] !== undefined) return true;
  return method === 'GET' && UNASKED.test(path);
}
