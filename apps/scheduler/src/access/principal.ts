import type { Request, RequestHandler } from 'express';
import { holdsRole, type Role } from '@muster/core/control/access/role';
import { parseScope, type ScopeText } from '@muster/core/control/scope';
import { sendProblem } from '../http/problem.ts';

/** Whom a request comes from. */
export interface Principal {
  /** For people and for the audit; untrusted text where a provider or a proxy said it. */
  readonly name: string;
  /** By what it is known: `loopback` is every program and browser of this machine, where nothing is configured. */
  readonly kind: 'user' | 'token' | 'proxy' | 'oidc' | 'loopback' | 'link';
  readonly role: Role;
  /** The address that the request came from; of a request by way of a trusted proxy, the one that the proxy told. */
  readonly ip: string;
  /** Of an API token: what it may act on, as `printScope` writes it. Absent: everything that the role may. */
  readonly scope?: ScopeText;
}

declare global {
  // Express asks for this: https://github.com/DefinitelyTyped/DefinitelyTyped/blob/master/types/express-serve-static-core/index.d.ts
  // oxlint-disable-next-line typescript/no-namespace
  namespace Express {
    interface Request {
      /** Set by `identify` for every request; null where nothing says whom it comes from. */
      principal: Principal | null;
      /** The CSRF token of the session whose cookie the request carries; null where no cookie says whom it comes from. */
      csrfToken: string | null;
      /** Whether it would be known as the same principal now: asked while a long answer goes on. */
      isStillKnown: () => Promise<boolean>;
    }
  }
}

/** The principal behind a guard of `requireRole`. Throws where there is no such guard: a fault of the program. */
export function principalOf(request: Request): Principal {
  if (request.principal === null) throw new Error(`no guard stands before ${request.path}`);
  return request.principal;
}

/**
 * Whether a principal may act on a scope: an API token that is bound to an account may act on that account and on nothing
 * wider. Null, for a list or a filter of hosts: only who may act on everything.
 */
export function mayActOn({ scope = 'all' }: Principal, wanted: string | null): boolean {
  return scope === 'all' || (wanted !== null && wanted === scope && parseScope(scope) !== null);
}

/** Lets through only who holds the role: else 401 where nothing is known of the visitor, and 403. */
export function requireRole(role: Role): RequestHandler {
  return (request, response, next) => {
    const { principal } = request;
    if (principal !== null && holdsRole(principal.role, role)) next();
    else if (principal === null || principal.kind === 'loopback') refuseUnknown(response);
    else {
      sendProblem(response, {
        status: 403,
        title: 'Forbidden',
        detail: `${principal.name} has the role ${principal.role}; this needs ${role}.`,
      });
    }
  };
}

/** A browser that opens one of our pages without being signed in is led to the console, which asks it to. */
export const askToSignIn: RequestHandler = (request, response, next) => {
  const isPage = request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
  if (request.principal === null && isPage && challengeOf(response) === BEARER) response.redirect(303, '/');
  else next();
};

const BEARER = 'Bearer realm="Muster"';
const BASIC = 'Basic realm="Muster", charset="UTF-8"';

/** Has a 401 ask for the console's password in a dialog of the browser, where no page of ours can ask. */
export function challengeByPassword(response: Parameters<RequestHandler>[1]): void {
  response.locals['challenge'] = BASIC;
}

/** What a 401 asks for, as `WWW-Authenticate` has it. */
export function challengeOf(response: Parameters<RequestHandler>[1]): string {
  return response.locals['challenge'] === BASIC ? BASIC : BEARER;
}

function refuseUnknown(response: Parameters<RequestHandler>[1]): void {
  response.set('WWW-Authenticate', challengeOf(response));
  sendProblem(response, {
    status: 401,
    title: 'Not signed in',
    detail: 'Sign in, or open the link that `muster console login` prints. Programs send an API token.',
  });
}
