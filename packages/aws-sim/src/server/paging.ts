import { hashText } from '../world/hash.ts';
import type { FaultVerdict } from '../faults/decide.ts';

/** Rows of a listing by position. Positions only grow; a row may be missing at any of them. */
export interface Listing<T> {
  /** One past the last position. */
  readonly end: number;
  at(position: number): T | undefined;
}

/** Rows that are in memory. */
export function listingOf<T>(rows: readonly T[]): Listing<T> {
  return { end: rows.length, at: (position) => rows[position] };
}

/** One page: its rows, and the position at which the next one starts (null at the end). */
export interface Page<T> {
  readonly rows: readonly T[];
  readonly next: number | null;
}

/**
 * Reads a page of at most `size` rows from a position on, and bends it as the faults of the call say: an empty page
 * that goes on, rows that come again, rows in reverse.
 */
export function readPage<T>(listing: Listing<T>, from: number, size: number, faults: FaultVerdict): Page<T> {
  if (faults.emptyPage && from < listing.end) return { rows: [], next: from };
  const rows: T[] = [];
  const positions: number[] = [];
  let position = from;
  for (; position < listing.end && rows.length < size; position += 1) {
    const row = listing.at(position);
    if (row === undefined) continue;
    rows.push(row);
    positions.push(position);
  }
  // A token is only given when something is left; AWS may give one all the same, and clients must bear it.
  let next = hasMore(listing, position) ? position : null;
  if (faults.duplicatePage && next !== null && rows.length > 1) next = positions[rows.length >> 1] ?? next;
  return { rows: faults.reorderPage ? rows.reverse() : rows, next };
}

function hasMore<T>(listing: Listing<T>, from: number): boolean {
  for (let position = from; position < listing.end; position += 1) {
    if (listing.at(position) !== undefined) return true;
  }
  return false;
}

/** A token for a position, bound to what was asked. */
export function writeToken(position: number, question: string): string {
  const check = hashText(0x70c, `${position}/${question}`);
  return Buffer.from(`${position}.${check.toString(36)}`).toString('base64url');
}

/** The position of a token; null when it is none of ours or was given for another question. */
export function readToken(token: string, question: string): number | null {
  const [position = '', check] = Buffer.from(token, 'base64url').toString('utf8').split('.');
  if (!/^\d{1,12}$/u.test(position)) return null;
  return hashText(0x70c, `${Number(position)}/${question}`).toString(36) === check ? Number(position) : null;
}
