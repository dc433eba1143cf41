/** Cursors: opaque to clients, and refused when they are not ours or belong to another list. */
import { createHash } from 'node:crypto';

/** Where a page ends: the sorted values of its last row, and its id. */
export type Position = readonly (string | number | null)[];

/** `foreign`: it is a cursor, of a list with another sort or other filters. */
export type CursorFault = 'unreadable' | 'foreign';

type Opened =
  | { readonly ok: true; readonly position: Position }
  | { readonly ok: false; readonly fault: CursorFault };

/** Bytes of each of the two sums. */
const SUM_BYTES = 6;

/**
 * A cursor of a position. It carries two sums: of the list it belongs to, and of itself. They find slips; they keep no
 * secret, and need none: a position is read as data and leads to no row that the caller may not see.
 *
 * @param belongsTo the list, with its filters and sort
 */
export function sealCursor(position: Position, belongsTo: string): string {
  const text = Buffer.from(JSON.stringify(position), 'utf8');
  const list = sumOf(belongsTo);
  return Buffer.concat([sumOf(list, text), list, text]).toString('base64url');
}

/** What a cursor says. */
export function openCursor(cursor: string, belongsTo: string): Opened {
  const bytes = Buffer.from(cursor, 'base64url');
  const [own, list, text] = [
    bytes.subarray(0, SUM_BYTES),
    bytes.subarray(SUM_BYTES, 2 * SUM_BYTES),
    bytes.subarray(2 * SUM_BYTES),
  ];
  // The decoder skips what is no letter of its alphabet: two texts must not be one cursor.
  if (bytes.toString('base64url') !== cursor || !own.equals(sumOf(list, text))) {
    return { ok: false, fault: 'unreadable' };
  }
  if (!list.equals(sumOf(belongsTo))) return { ok: false, fault: 'foreign' };
  const position = readPosition(text.toString('utf8'));
  return position === null ? { ok: false, fault: 'unreadable' } : { ok: true, position };
}

/** Null for what no list of ours makes. */
function readPosition(text: string): Position | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.every(isValue) ? parsed : null;
  } catch {
    return null;
  }
}

function isValue(value: unknown): value is Position[number] {
  return value === null || typeof value === 'string' || typeof value === 'number';
}

function sumOf(...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest().subarray(0, SUM_BYTES);
}
