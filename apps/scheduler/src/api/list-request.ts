/** What lists share: sort, fields, pages. */
import type { z } from 'zod';
import { nearest } from '@muster/core/config/source/suggest';
import { type CursorFault, openCursor, type Position, sealCursor } from './cursor.ts';
import type { RequestFault } from './problem.ts';

/** What a list can do. */
export interface ListRules {
  /** A row, for `fields` and for the document. */
  readonly row: z.ZodObject;
  /** Fields by which it sorts. */
  readonly sorts: readonly string[];
  /** As `sort` has it. */
  readonly usualSort: string;
}

export interface SortKey {
  readonly field: string;
  readonly descending: boolean;
}

/** What is asked of a list, checked. */
export interface ListAsked {
  readonly limit: number;
  readonly sort: readonly SortKey[];
  /** Null: all of them. */
  readonly fields: readonly string[] | null;
  /** After which row the page begins; null: with the first. */
  readonly after: Position | null;
  /** The cursor of the page that begins after this row. */
  readonly cursorAfter: (position: Position) => string;
}

/** For routes that are no lists. */
export const NO_LIST: ListAsked = {
  limit: 0,
  sort: [],
  fields: null,
  after: null,
  cursorAfter: () => '',
};

/** More would be a way to make the server sort for long. */
const MOST_SORT_KEYS = 5;

const CURSOR_FAULTS: Readonly<Record<CursorFault, string>> = {
  unreadable: 'This is no cursor of this API: take `next` of a page as it is.',
  foreign: 'This cursor is of another list: filters and sort must be those of the page that it came from.',
};

/**
 * Reads `sort`, `fields`, `limit` and `cursor` of a list.
 *
 * @param query as its schema gives it
 * @param about what a cursor belongs to: the route, with its filters
 */
export function readListRequest(
  rules: ListRules,
  query: Readonly<Record<string, unknown>>,
  about: string,
): { readonly list: ListAsked; readonly faults: readonly RequestFault[] } {
  const faults: RequestFault[] = [];
  const sort = splitWords(textOf(query['sort'])) ?? splitWords(rules.usualSort) ?? [];
  const keys = sort.map((word) => ({ field: word.replace(/^[-+]/, ''), descending: word.startsWith('-') }));
  faults.push(
    ...faultsOfWords(
      'sort',
      keys.map(({ field }) => field),
      rules.sorts,
    ),
  );
  if (keys.length > MOST_SORT_KEYS) {
    faults.push({ parameter: 'sort', detail: `At most ${MOST_SORT_KEYS} fields.` });
  }
  const fields = splitWords(textOf(query['fields']));
  faults.push(...faultsOfWords('fields', fields ?? [], Object.keys(rules.row.shape)));
  const belongsTo = `${about} ${keys.map(({ field, descending }) => `${descending ? '-' : ''}${field}`).join(',')}`;
  const cursor = textOf(query['cursor']);
  const opened = cursor === null ? null : openCursor(cursor, belongsTo);
  if (opened !== null && !opened.ok) {
    faults.push({ parameter: 'cursor', detail: CURSOR_FAULTS[opened.fault] });
  }
  const list: ListAsked = {
    limit: Number(query['limit']),
    sort: keys,
    fields,
    after: opened?.ok === true ? opened.position : null,
    cursorAfter: (position) => sealCursor(position, belongsTo),
  };
  return { list, faults };
}

/** One fault per word that is not among those that are known, with the nearest that is. */
export function faultsOfWords(
  parameter: string,
  words: readonly string[],
  known: readonly string[],
): readonly RequestFault[] {
  return words
    .filter((word) => !known.includes(word))
    .map((word) => ({ parameter, detail: `${quoted(word)} is not known here${suggestion(word, known)}` }));
}

/** How the fault of a word ends: with the nearest one that is known, or with all of them. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = word.length > LONGEST_SHOWN ? null : nearest(word, known);
  return near === null ? `. Known: ${[...new Set(known)].join(', ')}.` : `: did you mean ${near}?`;
}

const LONGEST_SHOWN = 60;

/** A word of the caller's, in an answer: short, and nothing but what can be printed. */
export function quoted(word: string): string {
  const plain = word.replaceAll(/[^\x20-\x7E]/g, '?');
  return plain.length > LONGEST_SHOWN ? `"${plain.slice(0, LONGEST_SHOWN)}…"` : `"${plain}"`;
}

/** A row with the fields that were asked for. */
export function pickFields<Row extends object>(row: Row, fields: readonly string[] | null): Row {
  if (fields === null) return row;
  return Object.fromEntries(Object.entries(row).filter(([name]) => fields.includes(name))) as Row;
}

function splitWords(text: string | null): readonly string[] | null {
  if (text === null) return null;
  const words = text.split(',').filter((word) => word !== '');
  return words.length === 0 ? null : [...new Set(words)];
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
