import type { AwsAction } from '../organization/aws-actions.ts';
import type { TargetAccess } from '../install/command.ts';
import type { Region } from '../organization/ids.ts';
import type { Identities } from './identity.ts';
import { readPages } from './pages.ts';
import type { Read } from './read-call.ts';

/** One listing in a member account. */
export interface MemberListing<Reply> {
  readonly action: AwsAction;
  readonly access: Pick<TargetAccess, 'accountId' | 'role'>;
  /** Null for services without regions. */
  readonly region: Region | null;
  readonly signal: AbortSignal;
  /** Asks for one page: `page` holds the token, and nothing for the first. */
  readonly send: (page: { readonly NextToken?: string }) => Promise<Reply>;
}

/** Lists in a member account, all pages; see `createMemberPages`. */
export type ListMemberPages = <Reply extends { NextToken?: string | undefined }>(
  listing: MemberListing<Reply>,
) => AsyncGenerator<Reply, void, undefined>;

/**
 * Every listing in a member account goes this way: as the account's role, page after page. A throttle of the first page is
 * the caller's to wait out; later pages wait here, since giving up would throw away what was read.
 */
export function createMemberPages(deps: {
  readonly identities: Identities;
  readonly read: Read;
}): ListMemberPages {
  return ({ action, access, region, signal, send }) =>
    readPages({
      action,
      read: (token) =>
        deps.read(
          {
            action,
            accountId: access.accountId,
            region,
            signal,
            patient: token !== null,
            send: () => send(token === null ? {} : { NextToken: token }),
          },
          deps.identities.member(access),
        ),
      tokenOf: (reply) => reply.NextToken,
    });
}
