/** Whether a chain of audit entries holds: each one is what its hash says, and follows the one before. */
import { type AuditEntry, hashOfText, NO_ENTRY_BEFORE, readEntry } from './audit-entry.ts';

/** An entry as it lies somewhere. */
export interface ChainLink {
  /** Where it is, for people: an id of the stream, or `FILE line 7`. */
  readonly place: string;
  /** Null for what is no entry at all. */
  readonly sealed: { readonly text: string; readonly hash: string } | null;
  /** The same as it was read already; absent where it was not. */
  readonly entry?: AuditEntry | null;
}

/** What a look at a chain came to. */
export interface ChainVerdict {
  readonly entries: number;
  /** Number of the first entry; null without one. More than 1 where older entries were dropped. */
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  readonly lastHash: string | null;
  /** Places at which another chain begins, with number 1: Redis was emptied, or another one took its place. */
  readonly begunAnew: readonly string[];
  /** The first entry that does not hold; null when all do. */
  readonly fault: { readonly place: string; readonly why: string } | null;
}

/** Of no entry at all. */
export const NO_LINKS: ChainVerdict = {
  entries: 0,
  firstSeq: null,
  lastSeq: null,
  lastHash: null,
  begunAnew: [],
  fault: null,
};

/**
 * Looks at entries in their order, and stops at the first that does not hold. The first one is taken as it stands: entries
 * before it may have been dropped, as their time was over.
 */
export async function verifyChain(
  links: AsyncIterable<ChainLink> | Iterable<ChainLink>,
): Promise<ChainVerdict> {
  let verdict = NO_LINKS;
  for await (const link of links) {
    verdict = withLink(verdict, link);
    if (verdict.fault !== null) break;
  }
  return verdict;
}

/** The verdict with one more entry; one with a fault stays as it is. */
export function withLink(verdict: ChainVerdict, { place, sealed, entry: known }: ChainLink): ChainVerdict {
  if (verdict.fault !== null) return verdict;
  const entry = known ?? (sealed === null ? null : readEntry(sealed.text, sealed.hash));
  if (sealed === null || entry === null) {
    return { ...verdict, fault: { place, why: 'it is no entry of an audit' } };
  }
  const why = faultOf(sealed, entry, verdict);
  if (why !== null) return { ...verdict, fault: { place, why } };
  const isAnew = verdict.lastSeq !== null && entry.seq === 1;
  return {
    entries: verdict.entries + 1,
    firstSeq: verdict.firstSeq ?? entry.seq,
    lastSeq: entry.seq,
    lastHash: entry.hash,
    begunAnew: isAnew ? [...verdict.begunAnew, place] : verdict.begunAnew,
    fault: null,
  };
}

function faultOf(
  sealed: { readonly text: string; readonly hash: string },
  entry: { readonly seq: number; readonly prev: string },
  { lastSeq, lastHash }: ChainVerdict,
): string | null {
  if (hashOfText(sealed.text) !== sealed.hash) return 'its hash is not that of its text: it was changed';
  if ((entry.seq === 1) !== (entry.prev === NO_ENTRY_BEFORE)) {
    return 'it names no entry before it, and is not the first of a chain';
  }
  if (lastSeq === null || entry.seq === 1) return null;
  if (entry.seq === lastSeq + 1 && entry.prev === lastHash) return null;
  if (entry.seq > lastSeq + 1) return `entries ${lastSeq + 1} to ${entry.seq - 1} are missing before it`;
  if (entry.seq <= lastSeq) return `it is number ${entry.seq}, and stands after number ${lastSeq}`;
  return 'it does not name the hash of the entry before it';
}
