import { type Answer, answered, type ListRequest } from './answer.ts';
import { readOrder, type SortField, writeCursor } from './sort-order.ts';

/** One page of rows that are in memory. */
export interface RowPage<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
  readonly total: number;
}

/** How a list of rows is sorted. */
export interface RowSorts<Row> {
  /** Fields by which it can be sorted. */
  readonly known: readonly (keyof Row & string)[];
  /** `sort` where nothing is asked for. */
  readonly usual: string;
  /** Tells all rows apart. */
  readonly id: keyof Row & string;
}

/** Sorts rows and cuts one page out of them; the page behind a cursor begins behind its row, also when that row is gone. */
export function pageOfRows<Row extends object>(
  rows: readonly Row[],
  request: ListRequest,
  { known, usual, id }: RowSorts<Row>,
): Answer<RowPage<Row>> {
  const order = readOrder(request, known, usual, id);
  if ('kind' in order) return order;
  const keyed = rows.map((row) => ({ row, keys: order.fields.map(({ field }) => keyOf(row, field)) }));
  const { after } = order;
  const behind = after === null ? keyed : keyed.filter(({ keys }) => compare(keys, after, order.fields) > 0);
  const sorted = behind.toSorted((a, b) => compare(a.keys, b.keys, order.fields));
  const shown = sorted.slice(0, request.limit);
  const last = shown.at(-1);
  const next = sorted.length > shown.length && last !== undefined ? writeCursor(order, last.keys) : null;
  return answered({ items: shown.map(({ row }) => row), next, total: rows.length });
}

/** Null sorts behind everything. */
const LAST = '\u{10FFFF}';

function keyOf(row: object, field: string): string | number {
  const value: unknown = (row as Readonly<Record<string, unknown>>)[field];
  if (typeof value === 'number' || typeof value === 'string') return value;
  return LAST;
}

function compare(
  a: readonly (string | number)[],
  b: readonly (string | number)[],
  fields: readonly SortField[],
): number {
  for (const [nth, { descending }] of fields.entries()) {
    const [left = '', right = ''] = [a[nth], b[nth]];
    if (left === right) continue;
    const isLess = typeof left === typeof right ? left < right : typeof left === 'number';
    return isLess === descending ? 1 : -1;
  }
  return 0;
}
