import { timingSafeEqual } from 'node:crypto';
import type { ConsoleSettings } from '@muster/core/config/model';
import { hashOfSecret } from '@muster/core/runtime/secret-token';
import type { Identifier } from './identify.ts';
import type { SignInJournal } from './sign-in-journal.ts';
import type { SignInTries } from './sign-in-tries.ts';
import { SHARED_PASSWORD_USER } from './stamp.ts';

/** By the console's one password, as HTTP Basic (RFC 7617) with any user name: its holders look, as they did before there were users. */
export function byPassword(deps: {
  readonly settings: () => ConsoleSettings;
  readonly tries: SignInTries;
  readonly journal: SignInJournal;
}): Identifier {
  const { tries, journal } = deps;
  return async (request) => {
    const { password } = deps.settings();
    const given = passwordOf(request.headers.authorization);
    if (password === null || given === null) return null;
    const ip = request.ip ?? '';
    const who = { name: SHARED_PASSWORD_USER, kind: 'anonymous', role: null, ip } as const;
    const waitSeconds = await tries.begin(ip, null);
    if (waitSeconds !== null) {
      await journal.stopped(who, waitSeconds);
      return {
        kind: 'refused',
        status: 429,
        detail: `Too many tries. Try again in ${waitSeconds} s.`,
        waitSeconds,
      };
    }
    if (!isSharedPassword(deps.settings(), given)) {
      tries.wrong();
      await journal.refused(who, 'wrong password, by HTTP Basic');
      return { kind: 'refused', status: 401, detail: 'The password is wrong.' };
    }
    await tries.right(ip, null);
    return {
      kind: 'known',
      csrfToken: null,
      principal: { name: SHARED_PASSWORD_USER, kind: 'user', role: 'viewer', ip },
    };
  };
}

/** Digests of equal length are compared in constant time: neither the length nor the beginning of the password can be measured. */
export function isSharedPassword({ password }: Pick<ConsoleSettings, 'password'>, given: string): boolean {
  if (password === null) return false;
  return timingSafeEqual(Buffer.from(hashOfSecret(given)), Buffer.from(hashOfSecret(password.reveal())));
}

/** The password of an Authorization header; null when there is none. Only the first colon separates: it may hold others. */
function passwordOf(header: string | undefined): string | null {
  const encoded = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? null : pair.slice(colon + 1);
}
