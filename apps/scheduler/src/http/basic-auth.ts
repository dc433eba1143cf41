import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Secret } from '@muster/core/config/secret';

/**
 * Asks for the password by HTTP Basic (RFC 7617), with any user name. Digests of equal length are compared in constant
 * time, so that neither the length nor the beginning of the password can be measured.
 */
export function requirePassword(password: Secret): RequestHandler {
  const expected = digest(password.reveal());
  return (request, response, next) => {
    const given = passwordOf(request.headers.authorization);
    if (given !== null && timingSafeEqual(digest(given), expected)) {
      next();
      return;
    }
    response
      .status(401)
      .set('WWW-Authenticate', 'Basic realm="Muster", charset="UTF-8"')
      .type('text/plain')
      .send('The console asks for its password (any user name).\n');
  };
}

/** The password of an Authorization header; null when there is none. Only the first colon separates: it may hold others. */
function passwordOf(header: string | undefined): string | null {
  const encoded = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? null : pair.slice(colon + 1);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
