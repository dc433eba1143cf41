import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Secret } from '@muster/core/config/secret';
import type { PasswordTries } from './password-tries.ts';

/**
 * Asks for the password by HTTP Basic (RFC 7617), with any user name. Digests of equal length are compared in constant
 * time, so that neither the length nor the beginning of the password can be measured. Many wrong ones are answered with
 * 429 and `Retry-After`.
 */
export function requirePassword(password: Secret, tries: PasswordTries): RequestHandler {
  const expected = digest(password.reveal());
  return (request, response, next) => {
    const address = request.socket.remoteAddress ?? '';
    const given = passwordOf(request.headers.authorization);
    const blockedForSeconds = given === null ? null : tries.blockedForSeconds(address);
    if (blockedForSeconds !== null) {
      response
        .status(429)
        .set('Retry-After', String(blockedForSeconds))
        .type('text/plain')
        .send(`Too many wrong passwords. Try again in ${blockedForSeconds} s.\n`);
      return;
    }
    if (given !== null && timingSafeEqual(digest(given), expected)) {
      tries.right(address);
      next();
      return;
    }
    if (given !== null) tries.wrong(address);
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
