import { AsyncLocalStorage } from 'node:async_hooks';
import { JobError } from '../runtime/errors.ts';

/** Keys that sign a call. The object itself is the identity: two sessions of one account are two objects. */
export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Null for long-term keys. */
  readonly expiresAtMs: number | null;
  /** When a call signed with these last succeeded, by `Clock.monotonicMs`; null when none has. */
  workedAtMs: number | null;
}

/** Everything a shared client must know about one call: as whom, until when, and whether it has left this process. */
export interface CallScope {
  readonly keys: SigningKeys;
  readonly signal: AbortSignal;
  /** After which the request must not leave any more, by `Clock.monotonicMs`; null for no such limit. */
  readonly leaveByMonotonicMs: number | null;
  /** Set just before the request is handed to the socket; while it is false nothing can have run. */
  left: boolean;
}

/**
 * Clients are shared by all accounts, so the account is bound to the call by the asynchronous context it runs in.
 * Wrap each `client.send` in `runInScope`, never a generator: a generator sees the context of the caller that pulls it.
 */
const scopes = new AsyncLocalStorage<CallScope>();

/** Runs one call as the scope's keys. */
export function runInScope<T>(scope: CallScope, send: () => Promise<T>): Promise<T> {
  return scopes.run(scope, send);
}

/** The scope of the running call. Throws `bug.unknown` outside of one: there is no default account. */
export function currentScope(): CallScope {
  const scope = scopes.getStore();
  if (scope === undefined) throw new JobError('bug.unknown', 'no account in scope', { retry: 'never' });
  return scope;
}

interface SdkCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/**
 * The credential provider of every shared client. The `memoized` flag keeps the SDK from remembering the first account's
 * keys and signing every account's calls with them; a test holds the SDK to it with hundreds of accounts in flight.
 */
export const scopedCredentials: (() => Promise<SdkCredentials>) & { readonly memoized: true } = Object.assign(
  // oxlint-disable-next-line typescript/require-await -- a provider must answer with a promise, also when it throws
  async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = currentScope().keys;
    return sessionToken === undefined
      ? { accessKeyId, secretAccessKey }
      : { accessKeyId, secretAccessKey, sessionToken };
  },
  { memoized: true } as const,
);
