import type { Request } from 'express';
import { type ApiToken, TOKEN_PREFIX, type TokenLedger } from '@muster/core/control/access/token-store';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Identifier } from './identify.ts';
import type { SignInJournal } from './sign-in-journal.ts';

/** A token that was right keeps what reads going for so long while Redis, which knows the tokens, is away: the metrics tell of that. */
const REMEMBERED_MS = 10 * 60_000;
const MOST_REMEMBERED = 1_000;

/** By an API token, `Authorization: Bearer muster_…`: in a header that no browser sends by itself, so that no other site can use it. */
export function byToken(deps: {
  readonly tokens: TokenLedger;
  readonly journal: SignInJournal;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}): Identifier {
  const { tokens, journal, clock } = deps;
  const remembered = new Map<string, { readonly token: ApiToken; readonly atMs: number }>();
  return async (request) => {
    const secret = bearerOf(request);
    if (secret === undefined) return null;
    const ip = request.ip ?? '';
    const token = secret.startsWith(TOKEN_PREFIX) ? await find(secret, request.method) : null;
    if (token === null) {
      await journal.unknownSecret(ip, 'an API token that is unknown, revoked or expired');
      return { kind: 'refused', status: 401, detail: 'The API token is unknown, revoked or expired.' };
    }
    const { name, role, scope } = token;
    return { kind: 'known', csrfToken: null, principal: { name, kind: 'token', role, ip, scope } };
  };

  async function find(secret: string, method: string): Promise<ApiToken | null> {
    try {
      const token = await tokens.find(secret);
      remembered.delete(secret);
      if (token !== null) remembered.set(secret, { token, atMs: clock.monotonicMs() });
      if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value ?? '');
      return token;
    } catch (error) {
      const before = remembered.get(secret);
      const isFresh = before !== undefined && clock.monotonicMs() - before.atMs < REMEMBERED_MS;
      if (isFresh && method === 'GET') return before.token;
      throw error;
    }
  }
}

/** Whether a request is to be known by an API token, right or wrong: then it is known by nothing else. */
export function carriesToken(request: Pick<Request, 'headers'>): boolean {
  return bearerOf(request) !== undefined;
}

function bearerOf({ headers }: Pick<Request, 'headers'>): string | undefined {
  return /^Bearer +(\S{1,200}) *$/i.exec(headers.authorization ?? '')?.[1];
}
