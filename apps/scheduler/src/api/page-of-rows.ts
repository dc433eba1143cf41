import type { Freshness, Page } from '@muster/api/paging';
import type { Position } from './cursor.ts';
import type { ListAsked, SortKey } from './list-request.ts';

type Value = Position[number];

/**
 * One page of rows that are all at hand: sorted as asked, and by their ids where that leaves rows equal. A page begins after the
 * row where the one before it ended, also when rows have come and gone meanwhile.
 *
 * @param idOf no two rows have the same
 */
export function pageOfRows<Row extends object>(
  rows: readonly Row[],
  {
    list,
    idOf,
    freshness,
  }: { readonly list: ListAsked; readonly idOf: (row: Row) => string; readonly freshness: Freshness },
): Page<Row> {
  const placed = rows
    .map((row) => ({ row, position: [...list.sort.map(({ field }) => valueOf(row, field)), idOf(row)] }))
    .toSorted((a, b) => comparePositions(a.position, b.position, list.sort));
  const { after } = list;
  const rest =
    after === null
      ? placed
      : placed.filter(({ position }) => comparePositions(position, after, list.sort) > 0);
  const shown = rest.slice(0, list.limit);
  const last = rest.length > list.limit ? shown.at(-1) : undefined;
  return {
    ...freshness,
    items: shown.map(({ row }) => row),
    next: last === undefined ? null : list.cursorAfter(last.position),
    total: rows.length,
  };
}

function comparePositions(a: Position, b: Position, sort: readonly SortKey[]): number {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const order = compareValues(a[at] ?? null, b[at] ?? null);
    if (order !== 0) return sort[at]?.descending === true ? -order : order;
  }
  return 0;
}

/** Nothing known stands last; numbers before texts, which no field mixes. */
function compareValues(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  if (typeof a === typeof b) return a < b ? -1 : 1;
  return typeof a === 'number' ? -1 : 1;
}

function valueOf(row: object, field: string): Value {
  const value: unknown = Reflect.get(row, field);
  if (typeof value === 'string' || typeof value === 'number') return value;
  return typeof value === 'boolean' ? Number(value) : null;
}
