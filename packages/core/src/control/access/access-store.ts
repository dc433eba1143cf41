import type { Redis } from 'ioredis';
import type { Keys } from '../../redis/keys.ts';
import { createLinkLedger, type LinkLedger } from './link-store.ts';
import { createSessionLedger, type SessionLedger } from './session-store.ts';

/** Who is signed in, and what signs in. */
export interface AccessLedger {
  readonly sessions: SessionLedger;
  readonly links: LinkLedger;
}

export function createAccessLedger(deps: { readonly redis: Redis; readonly keys: Keys }): AccessLedger {
  return { sessions: createSessionLedger(deps), links: createLinkLedger(deps) };
}
