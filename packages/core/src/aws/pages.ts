import { isJobError, JobError } from '../runtime/errors.ts';

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
