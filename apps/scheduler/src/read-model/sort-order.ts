import { z } from 'zod';
import type { Answer, ListRequest } from './answer.ts';

/** One field that rows are sorted by. */
export interface SortField {
  readonly field: string;
  readonly descending: boolean;
}

/** How rows are sorted, and behind which row a page begins. The last field is the row's id, which tells all rows apart. */
export interface SortOrder {
  readonly fields: readonly SortField[];
  /** The values of these fields in the last row of the page before; null for the first page. */
  readonly after: readonly (string | number)[] | null;
}

type Refusal = Extract<Answer<never>, { kind: 'refused' }>;

const Cursor = z.tuple([z.string()]).rest(z.union([z.string(), z.number()]));

/**
 * Reads `sort` and `cursor` of a list.
 *
 * @param known the fields that it can be sorted by
 * @param usual `sort` where nothing is asked for
 * @param idField decides between rows that are otherwise alike
 */
export function readOrder(
  { sort, cursor }: Pick<ListRequest, 'sort' | 'cursor'>,
  known: readonly string[],
  usual: string,
  idField: string,
): SortOrder | Refusal {
  const text = sort === undefined || sort === '' ? usual : sort;
  const asked = text.split(',').map((word): SortField => {
    const descending = word.startsWith('-');
    return { field: descending ? word.slice(1) : word, descending };
  });
  const odd = asked.find(({ field }) => !known.includes(field));
  if (odd !== undefined) {
    const detail = `The list cannot be sorted by "${odd.field}", but by ${known.join(', ')}.`;
    return { kind: 'refused', parameter: 'sort', detail };
  }
  const fields = asked.some(({ field }) => field === idField)
    ? asked
    : [...asked, { field: idField, descending: false }];
  if (cursor === undefined) return { fields, after: null };
  const after = readCursor(cursor, fields);
  if (after !== null) return { fields, after };
  const detail = 'The cursor is none of a list with this sort: ask for the first page again.';
  return { kind: 'refused', parameter: 'cursor', detail };
}

/** The cursor of the page that begins behind a row with these values of the order's fields. */
export function writeCursor({ fields }: SortOrder, values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([textOf(fields), ...values])).toString('base64url');
}

function readCursor(cursor: string, fields: readonly SortField[]): readonly (string | number)[] | null {
  try {
    const parsed = Cursor.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (!parsed.success) return null;
    const [sort, ...values] = parsed.data;
    return sort === textOf(fields) && values.length === fields.length ? values : null;
  } catch {
    return null;
  }
}

function textOf(fields: readonly SortField[]): string {
  return fields.map(({ field, descending }) => `${descending ? '-' : ''}${field}`).join(',');
}
