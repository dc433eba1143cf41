import type { Redis } from 'ioredis';
import type { Keys } from '../../redis/keys.ts';
import { createLinkLedger, type LinkLedger } from './link-store.ts';
import { createOidcFlowLedger, type OidcFlowLedger } from './oidc-flow-store.ts';
import { createSessionLedger, type SessionLedger } from './session-store.ts';
import { createTokenLedger, type TokenLedger } from './token-store.ts';

/** Who is signed in, and what signs in. */
export interface AccessLedger {
  readonly sessions: SessionLedger;
  readonly links: LinkLedger;
  readonly flows: OidcFlowLedger;
  readonly tokens: TokenLedger;
}

export function createAccessLedger(deps: { readonly redis: Redis; readonly keys: Keys }): AccessLedger {
  return {
    sessions: createSessionLedger(deps),
    links: createLinkLedger(deps),
    flows: createOidcFlowLedger(deps),
    tokens: createTokenLedger(deps),
  };
}
