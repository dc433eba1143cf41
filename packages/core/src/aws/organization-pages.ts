import type { AccountId } from '../organization/ids.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { Identities } from './credentials/identity.ts';
import { ORGANIZATIONS_PACE, ORGANIZATIONS_PAGE, type Pace } from './limits.ts';
import { readPages } from './pages.ts';
import type { Read } from './read-call.ts';

/** The paged operations of Organizations that we use. */
export type OrganizationsOperation = keyof typeof ORGANIZATIONS_PACE;

/** The part of a request that turns pages. */
export interface PageInput {
  readonly MaxResults: number;
  readonly NextToken?: string;
}

/** Lists one operation of Organizations, all pages, at its pace; see `createOrganizationPages`. */
export type ListOrganizationPages = <Reply extends { NextToken?: string | undefined }>(
  operation: OrganizationsOperation,
  signal: AbortSignal,
  send: (page: PageInput) => Promise<Reply>,
) => AsyncGenerator<Reply, void, undefined>;

/**
 * Calls are made as the worker itself. Their buckets are one caller's for the whole organization, so they are paced, and
 * throttles are waited out from the first page on: the whole run depends on this chain.
 */
export function createOrganizationPages(deps: {
  readonly identities: Identities;
  readonly read: Read;
  readonly clock: Clock;
}): ListOrganizationPages {
  const pacers: Readonly<Record<OrganizationsOperation, Pacer>> = {
    ListAccounts: createPacer(deps.clock, ORGANIZATIONS_PACE.ListAccounts),
    ListAccountsForParent: createPacer(deps.clock, ORGANIZATIONS_PACE.ListAccountsForParent),
    ListChildren: createPacer(deps.clock, ORGANIZATIONS_PACE.ListChildren),
    ListRoots: createPacer(deps.clock, ORGANIZATIONS_PACE.ListRoots),
    ListTagsForResource: createPacer(deps.clock, ORGANIZATIONS_PACE.ListTagsForResource),
  };
  const caller: AccountId | null = null;
  return (operation, signal, send) => {
    const action = `organizations:${operation}` as const;
    return readPages({
      action,
      read: async (token) => {
        await pacers[operation](signal);
        const page = { MaxResults: ORGANIZATIONS_PAGE, ...(token === null ? {} : { NextToken: token }) };
        const call = {
          action,
          accountId: caller,
          region: null,
          signal,
          patient: true,
          send: () => send(page),
        };
        return deps.read(call, deps.identities.base);
      },
      tokenOf: (reply) => reply.NextToken,
    });
  };
}

/** Waits for its turn; rejects with the signal's reason when aborted. */
type Pacer = (signal: AbortSignal) => Promise<void>;

/**
 * A token bucket within this process, for the few calls of one caller's bucket that one listing makes in a chain.
 * What is shared by many jobs is paced through Redis, above the adapter.
 */
export function createPacer(clock: Pick<Clock, 'monotonicMs' | 'sleep'>, pace: Pace): Pacer {
  const perTokenMs = 1000 / pace.perSecond;
  let fullAtMs = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    const nowMs = clock.monotonicMs();
    fullAtMs = Math.max(fullAtMs, nowMs) + perTokenMs;
    const waitMs = fullAtMs - nowMs - perTokenMs * pace.burst;
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  };
}
