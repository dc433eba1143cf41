import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { Identifier } from './identify.ts';
import type { PasswordTries } from './password-tries.ts';

/**
 * By the console's one password, as HTTP Basic (RFC 7617) with any user name: its holders look, as they did before there were
 * users. Digests of equal length are compared in constant time, so that neither the length nor the beginning of the password
 * can be measured.
 */
export function byPassword(deps: {
  readonly settings: () => ConsoleSettings;
  readonly tries: PasswordTries;
}): Identifier {
  return (request) => Promise.resolve(check(request, deps.settings(), deps.tries));
}

function check(
  request: Request,
  { password }: ConsoleSettings,
  tries: PasswordTries,
): Awaited<ReturnType<Identifier>> {
  const given = passwordOf(request.headers.authorization);
  if (password === null || given === null) return null;
  const address = request.ip ?? '';
  const waitSeconds = tries.blockedForSeconds(address);
  if (waitSeconds !== null) {
    const detail = `Too many wrong passwords. Try again in ${waitSeconds} s.`;
    return { kind: 'refused', status: 429, detail, waitSeconds };
  }
  if (!timingSafeEqual(digest(given), digest(password.reveal()))) {
    tries.wrong(address);
    return { kind: 'refused', status: 401, detail: 'The password is wrong.' };
  }
  tries.right(address);
  const principal = { name: 'password', kind: 'user', role: 'viewer', ip: address } as const;
  return { kind: 'known', csrfToken: null, principal };
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
