/** The order of a list of instances. */
import type { Position } from '../api/cursor.ts';
import type { FirstOrder } from '../api/first-rows.ts';
import type { SortKey } from '../api/list-request.ts';
import type { InstanceSource } from './instance-search.ts';
import type { InstanceColumns } from './instance-table.ts';
import type { Fact } from './tallies.ts';
import { headOf } from './text-head.ts';
import { compare } from './words.ts';

/** What a list can be sorted by: a number of the row, a text of it, or the word of its tally. */
type By =
  | { readonly kind: 'number'; readonly of: 'since' | 'joinedAt' | 'nextAt' | 'attempts' }
  | { readonly kind: 'text'; readonly of: 'ids' | 'names'; readonly heads: 'idHeads' | 'nameHeads' }
  | { readonly kind: 'word'; readonly of: Fact };

const BY_ID: By = { kind: 'text', of: 'ids', heads: 'idHeads' };
const BY: Readonly<Record<string, By>> = {
  instanceId: BY_ID,
  name: { kind: 'text', of: 'names', heads: 'nameHeads' },
  accountId: { kind: 'word', of: 'account' },
  region: { kind: 'word', of: 'region' },
  state: { kind: 'word', of: 'state' },
  since: { kind: 'number', of: 'since' },
  cause: { kind: 'word', of: 'cause' },
  attempts: { kind: 'number', of: 'attempts' },
  nextAttemptAt: { kind: 'number', of: 'nextAt' },
  joinedAt: { kind: 'number', of: 'joinedAt' },
  platform: { kind: 'word', of: 'platform' },
  wave: { kind: 'word', of: 'wave' },
  matcher: { kind: 'word', of: 'matcher' },
};

/** Fields of `InstanceRow` that its list can be sorted by. */
export const INSTANCE_SORTS: readonly string[] = Object.keys(BY);

type Compare = FirstOrder['compare'];

/** The order of a list. Rows that agree in all fields stand in the order of their ids. */
export interface RowOrder extends FirstOrder {
  positionOf(row: number): Position;
}

/** @param after where the page before ended, as `positionOf` gave it; null for the first page */
export function orderRows(
  source: InstanceSource,
  sort: readonly SortKey[],
  after: Position | null,
): RowOrder {
  const keys = [...sort, { field: 'instanceId', descending: false }].map(({ field, descending }, at) => {
    const key = keyOf(source, BY[field] ?? BY_ID, after?.[at] ?? null);
    const sign = descending ? -1 : 1;
    return { ...key, sign };
  });
  const [first] = keys;
  const compareRows = (a: number, b: number): number => {
    // Most pairs differ in the first: the loop over all keys would take longer than the look.
    const ofFirst = first === undefined ? 0 : first.compare(a, b) * first.sign;
    if (ofFirst !== 0) return ofFirst;
    for (const { compare: ofKey, sign } of keys) {
      const difference = ofKey(a, b);
      if (difference !== 0) return difference * sign;
    }
    return 0;
  };
  const isBehind = (row: number): boolean => {
    for (const { compareToEnd, sign } of keys) {
      const difference = compareToEnd(row);
      if (difference !== 0) return difference * sign > 0;
    }
    return false;
  };
  const { weigh = () => 0, sign = 1 } = first ?? {};
  return {
    compare: compareRows,
    weigh: sign === 1 ? weigh : (row) => -weigh(row),
    isBehind: after === null ? null : isBehind,
    positionOf: (row) => keys.map(({ valueOf }) => valueOf(row)),
  };
}

interface Key {
  readonly compare: Compare;
  /** See `RowOrder`, for the ascending order. */
  readonly weigh: (row: number) => number;
  /** Compares a row with where the page before ended. */
  readonly compareToEnd: (row: number) => number;
  readonly valueOf: (row: number) => string | number;
}

function keyOf({ instances, tallies }: InstanceSource, by: By, end: Position[number]): Key {
  const { columns } = instances;
  if (by.kind === 'number') return numberKey(columns[by.of], Number(end));
  if (by.kind === 'text') return textKey(columns[by.of], columns[by.heads], String(end ?? ''));
  const words = tallies.words[by.of];
  const [places, word] = [words.places(), tallies.column(by.of)];
  const { tally }: InstanceColumns = columns;
  const placeOf = (row: number): number => places[word[tally[row] ?? 0] ?? 0] ?? 0;
  const placeOfEnd = words.placeOf(String(end ?? ''));
  return {
    compare: (a, b) => placeOf(a) - placeOf(b),
    weigh: placeOf,
    compareToEnd: (row) => placeOf(row) - placeOfEnd,
    valueOf: (row) => tallies.wordOf(by.of, tally[row] ?? 0),
  };
}

function numberKey(column: Float64Array, end: number): Key {
  return {
    compare: (a, b) => (column[a] ?? 0) - (column[b] ?? 0),
    weigh: (row) => column[row] ?? 0,
    compareToEnd: (row) => (column[row] ?? 0) - end,
    valueOf: (row) => column[row] ?? 0,
  };
}

function textKey(column: readonly string[], heads: Float64Array, end: string): Key {
  const headOfEnd = headOf(end);
  return {
    compare: (a, b) => (heads[a] ?? 0) - (heads[b] ?? 0) || compare(column[a] ?? '', column[b] ?? ''),
    weigh: (row) => heads[row] ?? 0,
    compareToEnd: (row) => (heads[row] ?? 0) - headOfEnd || compare(column[row] ?? '', end),
    valueOf: (row) => column[row] ?? '',
  };
}
