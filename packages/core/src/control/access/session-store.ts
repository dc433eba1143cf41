import type { Redis } from 'ioredis';
import { z } from 'zod';
import { encodeStored, parseStored } from '../../enrollment/stored-schema.ts';
import type { Keys } from '../../redis/keys.ts';
import { ROLES } from './role.ts';
import { hashOfSecret, newSecretToken } from '../../runtime/secret-token.ts';

/** How a session began. */
export const SESSION_KINDS = ['user', 'oidc', 'link'] as const;

const StoredSession = z.looseObject({
  name: z.string(),
  kind: z.enum(SESSION_KINDS),
  role: z.enum(ROLES),
  csrfToken: z.string(),
  stamp: z.string(),
});

/** A signed-in browser. */
export interface Session {
  /** For people and for the audit. */
  readonly name: string;
  readonly kind: (typeof SESSION_KINDS)[number];
  readonly role: (typeof ROLES)[number];
  /** Random; the page sends it with whatever changes something. */
  readonly csrfToken: string;
  /** What the session depends on beside its age: of a local user, what the users file said. Empty: nothing. */
  readonly stamp: string;
}

/** How long sessions last. */
export interface SessionTimes {
  /** Without a request. */
  readonly idleMs: number;
  /** From the sign-in, whatever happens. */
  readonly longestMs: number;
}

/**
 * Sessions of browsers. Redis ends them, so no two clocks are compared: one key lives for the longest time that a session may
 * have, another one for the idle time since its last request, and a session needs both. Keys name the hash of the session's
 * secret: who reads Redis cannot take a session over.
 */
export function createSessionLedger({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  return {
    /** @returns the secret for the cookie: random, made now, and told once */
    async begin(
      wanted: Omit<Session, 'csrfToken'>,
      times: SessionTimes,
    ): Promise<{ readonly secret: string; readonly session: Session }> {
      const secret = newSecretToken();
      const id = hashOfSecret(secret);
      const session = { ...wanted, csrfToken: newSecretToken() };
      const text = encodeStored(session);
      await redis
        .multi()
        .set(keys.session(id), text, 'PX', times.longestMs)
        .set(keys.sessionSeen(id), '1', 'PX', Math.min(times.idleMs, times.longestMs))
        .exec();
      return { secret, session };
    },

    /**
     * Null when there is none, or it has ended.
     *
     * @param idleMs the idle time begins anew with it; null leaves it as it is, for what a page asks by itself
     */
    async find(secret: string, idleMs: number | null): Promise<Session | null> {
      const id = hashOfSecret(secret);
      const seen = keys.sessionSeen(id);
      const [text, isSeen] = await Promise.all([
        redis.get(keys.session(id)),
        idleMs === null ? redis.get(seen) : redis.getex(seen, 'PX', idleMs),
      ]);
      return text === null || isSeen === null ? null : parseStored(StoredSession, text);
    },

    async end(secret: string): Promise<void> {
      const id = hashOfSecret(secret);
      await redis.del(keys.session(id), keys.sessionSeen(id));
    },
  };
}

export type SessionLedger = ReturnType<typeof createSessionLedger>;
