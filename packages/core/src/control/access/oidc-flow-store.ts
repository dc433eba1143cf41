import type { Redis } from 'ioredis';
import { z } from 'zod';
import { encodeStored, parseStored } from '../../enrollment/stored-schema.ts';
import type { Keys } from '../../redis/keys.ts';
import { hashOfSecret } from '../../runtime/secret-token.ts';

/** How long a user may take at the provider. */
export const FLOW_LIFE_MS = 10 * 60_000;

/** What the way back from the provider is checked by. */
const StoredFlow = z.looseObject({ verifier: z.string(), nonce: z.string(), next: z.string() });
export type OidcFlow = z.infer<typeof StoredFlow>;

/** Sign-ins that are at the OpenID Connect provider: whichever scheduler the browser comes back to knows them. */
export function createOidcFlowLedger({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  return {
    async put(state: string, flow: OidcFlow): Promise<void> {
      await redis.set(keys.oidcFlow(hashOfSecret(state)), encodeStored(flow), 'PX', FLOW_LIFE_MS);
    },

    /** Null when there is none, or it was taken before. */
    async take(state: string): Promise<OidcFlow | null> {
      const text = await redis.getdel(keys.oidcFlow(hashOfSecret(state)));
      return text === null ? null : parseStored(StoredFlow, text);
    },
  };
}

export type OidcFlowLedger = ReturnType<typeof createOidcFlowLedger>;
