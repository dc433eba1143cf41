import { timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { hashOfSecret } from '@muster/core/runtime/secret-token';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { Logger } from '@muster/core/runtime/logger-port';
import { sendProblem } from '../http/problem.ts';
import { challengeOf, type Principal, requireRole } from './principal.ts';

/**
 * One way to know whom a request comes from. Null: the request carries nothing of this way, and the next one is asked.
 *
 * @param isAgain whether it was known before, and its answer still goes on: that keeps no session from being idle
 */
export type Identifier = (request: Request, isAgain: boolean) => Promise<Identified | null>;

export type Identified =
  | {
      readonly kind: 'known';
      readonly principal: Principal;
      /** Of a session in a cookie; null for what no browser sends by itself. */
      readonly csrfToken: string | null;
    }
  /** The request carries something that is wrong: no other way is asked. */
  | {
      readonly kind: 'refused';
      readonly status: 401 | 403 | 429;
      readonly detail: string;
      readonly waitSeconds?: number;
    };

const AWAY = { kind: 'away' } as const;
const TITLES = { 401: 'Not signed in', 403: 'Forbidden', 429: 'Too many tries' } as const;

/**
 * Sets `request.principal` and `request.csrfToken` by the first way that knows the request; both null where none does.
 * Answers 503 where Redis, which holds sessions and tokens, cannot be asked.
 */
export function identify(ways: readonly Identifier[], log: Logger): RequestHandler {
  return async (request, response, next) => {
    request.principal = null;
    request.csrfToken = null;
    const identified = await firstOf(ways, request).catch((error: unknown) => {
      log.warn({ err: error, path: request.path }, 'a visitor could not be identified');
      return AWAY;
    });
    if (identified?.kind === 'away') {
      sendProblem(response, {
        status: 503,
        title: 'Redis is away',
        detail:
          'Who asks cannot be looked up just now: sessions and API tokens are in Redis. Try again soon.',
      });
      return;
    }
    if (identified?.kind === 'refused') {
      const { status, detail, waitSeconds } = identified;
      if (waitSeconds !== undefined) response.set('Retry-After', String(waitSeconds));
      if (status === 401) response.set('WWW-Authenticate', challengeOf(response));
      sendProblem(response, { status, title: TITLES[status], detail });
      return;
    }
    if (identified !== null) {
      request.principal = identified.principal;
      request.csrfToken = identified.csrfToken;
    }
    request.isStillKnown = () => isStillKnown(ways, request, log);
    next();
  };
}

/** While Redis cannot be asked, who was known stays so. */
async function isStillKnown(ways: readonly Identifier[], request: Request, log: Logger): Promise<boolean> {
  const { principal } = request;
  try {
    const now = await firstOf(ways, request, true);
    return (
      now?.kind === 'known' &&
      now.principal.kind === principal?.kind &&
      now.principal.name === principal.name &&
      now.principal.role === principal.role
    );
  } catch (error) {
    log.debug({ err: error, path: request.path }, 'a visitor could not be identified again');
    return true;
  }
}

async function firstOf(
  ways: readonly Identifier[],
  request: Request,
  isAgain = false,
): Promise<Identified | null> {
  for (const way of ways) {
    const identified = await way(request, isAgain);
    if (identified !== null) return identified;
  }
  return null;
}

const READS = new Set(['GET', 'HEAD']);
const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** A sign-in has no principal yet; its routes check what they are given. */
const SIGN_IN = /^\/auth\/(login|link\/[\w-]+)$/;
/** The page sends the first. Bull Board's page sends the second by itself, from the cookie `XSRF-TOKEN`. */
const CSRF_HEADERS = ['x-csrf-token', 'x-xsrf-token'];

/**
 * Refuses what would change something unless an operator or an admin asks for it, and, where a cookie says who that is, with
 * the CSRF token of its session. No route behind it is open by an oversight: it may ask for more, never for less.
 */
export function guardWrites(settings: () => ConsoleSettings): RequestHandler {
  const operatorsOnly = requireRole('operator');
  return (request, response, next) => {
    if (READS.has(request.method)) {
      next();
    } else if (!WRITES.has(request.method)) {
      response.set('Allow', [...READS, ...WRITES].join(', '));
      sendProblem(response, {
        status: 405,
        title: 'Method not allowed',
        detail: 'Nothing here answers to it.',
      });
    } else if (!isOwnOrigin(request, settings())) {
      sendProblem(response, {
        status: 403,
        title: 'Another site asks',
        detail: 'Only the console’s own pages and programs may change something.',
      });
    } else if (SIGN_IN.test(request.path)) {
      next();
    } else if (request.csrfToken !== null && !CSRF_HEADERS.some((name) => isToken(request, name))) {
      sendProblem(response, {
        status: 403,
        title: 'CSRF token missing or wrong',
        detail:
          'Send the `csrf` of GET /auth/session as the header X-CSRF-Token. A page of an older session: load it again.',
      });
    } else if (isBound(request) && !ACTIONS.test(request.path)) {
      sendProblem(response, {
        status: 403,
        title: 'Forbidden',
        detail: 'This API token acts on a part of the organization, and so by POST /api/v1/actions alone.',
      });
    } else if (request.path === '/auth/logout' && request.principal !== null) {
      next();
    } else {
      operatorsOnly(request, response, next);
    }
  };
}

/** The route that looks at what it is about: see `mayActOn`. */
const ACTIONS = /^\/api\/v1\/actions(\/|$)/;

/** Whether an API token asks that may not act on everything. */
function isBound({ principal }: Request): boolean {
  return principal !== null && (principal.scope ?? 'all') !== 'all';
}

/** Browsers tell the page's origin with every write, over plain HTTP too, where they do not send `Sec-Fetch-Site`. */
function isOwnOrigin({ headers }: Request, { publicUrl }: ConsoleSettings): boolean {
  const { origin } = headers;
  if (origin === undefined || origin === publicUrl) return true;
  return URL.canParse(origin) && new URL(origin).host === headers.host?.toLowerCase();
}

/** Digests of equal length are compared: their time tells nothing. */
function isToken(request: Request, header: string): boolean {
  const given = request.headers[header];
  if (typeof given !== 'string' || request.csrfToken === null) return false;
  return timingSafeEqual(Buffer.from(hashOfSecret(given)), Buffer.from(hashOfSecret(request.csrfToken)));
}
