import type { Redis } from 'ioredis';
import { z } from 'zod';
import { encodeStored, parseStored } from '../../enrollment/stored-schema.ts';
import type { Keys } from '../../redis/keys.ts';
import { ROLES } from './role.ts';
import { hashOfSecret, newSecretToken } from '../../runtime/secret-token.ts';

/** How long a one-time link may wait for its use. */
export const LINK_LIFE_MS = 10 * 60_000;

/** Whom a one-time link signs in, and as what. */
const StoredLink = z.looseObject({ name: z.string(), role: z.enum(ROLES) });
export type SignInLink = z.infer<typeof StoredLink>;

/** One-time links into the console: made by who reaches Redis, used once, within ten minutes. */
export function createLinkLedger({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  return {
    /** @returns the secret for the link */
    async make(link: { readonly name: string; readonly role: SignInLink['role'] }): Promise<string> {
      const secret = newSecretToken();
      await redis.set(keys.signInLink(hashOfSecret(secret)), encodeStored(link), 'PX', LINK_LIFE_MS);
      return secret;
    },

    /** Looks at a link and leaves it: a mail scanner or a browser that loads ahead must not use it up. */
    async look(secret: string): Promise<SignInLink | null> {
      return read(await redis.get(keys.signInLink(hashOfSecret(secret))));
    },

    /** Uses the link up. Of two that try at once, one gets null. */
    async take(secret: string): Promise<SignInLink | null> {
      return read(await redis.getdel(keys.signInLink(hashOfSecret(secret))));
    },
  };
}

function read(text: string | null): SignInLink | null {
  return text === null ? null : parseStored(StoredLink, text);
}

export type LinkLedger = ReturnType<typeof createLinkLedger>;
