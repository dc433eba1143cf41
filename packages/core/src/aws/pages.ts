import type { TargetAccess } from '../install/command.ts';
import type { AwsAction } from '../organization/aws-actions.ts';
import type { Region } from '../organization/ids.ts';
import { isJobError, JobError } from '../runtime/errors.ts';
import type { Identities } from './credentials/identity.ts';
import type { Read } from './read-call.ts';

/** A listing in pages: `read` gets the token of the page to read (null for the first), `tokenOf` the way on (null at the end). */
export interface Listing<Reply> {
  /** IAM's spelling, for messages. */
  readonly action: string;
  readonly read: (token: string | null) => Promise<Reply>;
  readonly tokenOf: (reply: Reply) => string | undefined;
}

/** An empty page may come with the token that asked for it; this many in a row do not lead anywhere. */
const MAX_REPEATS = 20;

/**
 * Reads all pages, in a chain, as AWS demands: an empty page with a token is not the end. A token that AWS no longer takes
 * starts the listing over, once: the reader must drop what it has seen. Throws `aws.unavailable` when a listing goes in circles.
 */
export async function* readPages<Reply>(listing: Listing<Reply>): AsyncGenerator<Reply, void, undefined> {
  let token: string | null = null;
  let restarted = false;
  let repeats = 0;
  for (;;) {
    const used: string | null = token;
    const reply = await readOrRestart(listing, used, restarted);
    if (reply === 'restart') {
      restarted = true;
      token = null;
      continue;
    }
    yield reply;
    const next = listing.tokenOf(reply);
    if (next === undefined || next === '') return;
    repeats = next === used ? repeats + 1 : 0;
    if (repeats === MAX_REPEATS) {
      throw new JobError('aws.unavailable', `${listing.action} gave the same page token again and again`, {
        retry: 'backoff',
      });
    }
    token = next;
  }
}

async function readOrRestart<Reply>(
  listing: Listing<Reply>,
  token: string | null,
  restarted: boolean,
): Promise<Reply | 'restart'> {
  try {
    return await listing.read(token);
  } catch (error) {
    const isStale = token !== null && isJobError(error) && STALE_TOKEN.has(String(error.details.awsCode));
    if (isStale && !restarted) return 'restart';
    throw error;
  }
}

const STALE_TOKEN: ReadonlySet<string> = new Set([
  'InvalidNextToken',
  'InvalidPaginationToken',
  'InvalidNextTokenException',
]);

/** A 200 without the list it must carry is not an empty list. Throws `aws.unavailable`. */
export function requireList<Item>(
  list: readonly Item[] | undefined,
  action: string,
  field: string,
): readonly Item[] {
  if (list !== undefined) return list;
  throw new JobError('aws.unavailable', `${action} answered without ${field}`, { retry: 'backoff' });
}

/** One listing in a member account. */
interface MemberListing<Reply> {
  readonly action: AwsAction;
  readonly access: Pick<TargetAccess, 'accountId' | 'role'>;
  /** Null for services without regions. */
  readonly region: Region | null;
  readonly signal: AbortSignal;
  /** Asks for one page: `page` holds the token, and nothing for the first. */
  readonly send: (page: { readonly NextToken?: string }) => Promise<Reply>;
}

/** Lists in a member account, all pages; see `createMemberPages`. */
type ListMemberPages = <Reply extends { NextToken?: string | undefined }>(
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
