import type { CookieOptions, Request, Response } from 'express';

/** The cookie that carries a session's secret, and the one that tells its CSRF token to Bull Board's page. */
export interface SessionCookies {
  /** The secret in the request's cookie; null without one. */
  read(request: Request): string | null;
  /** Gives the browser a session. */
  give(response: Response, secret: string): void;
  /** Takes it away again. */
  clear(response: Response): void;
}

/**
 * @param prefix tells installations apart that share a host: browsers do not keep the cookies of two ports apart
 * @param isSecure whether browsers reach the console by TLS
 */
export function createSessionCookies(prefix: string, isSecure: () => boolean): SessionCookies {
  // With this prefix a browser takes the cookie by TLS only, from this very host and for all of its paths.
  const name = () => `${isSecure() ? '__Host-' : ''}muster_${prefix}`;
  // Lax: a link in a message leads a signed-in operator to the page. What changes something has the CSRF token.
  const options = (): CookieOptions => ({ httpOnly: true, sameSite: 'lax', secure: isSecure(), path: '/' });
  return {
    read: (request) => cookieNamed(request, name()),
    give: (response, secret) => {
      response.cookie(name(), secret, options());
    },
    clear: (response) => {
      response.clearCookie(name(), options());
    },
  };
}

/** The value of a cookie of the request; null without it. Ours hold letters that need no decoding. */
export function cookieNamed(request: Request, name: string): string | null {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [key = '', value = ''] = pair.split('=', 2);
    if (key.trim() === name && value !== '') return value.trim();
  }
  return null;
}
