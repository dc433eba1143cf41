/** The order of a list, and the first rows of it. */
import type { Position } from '../api/cursor.ts';
import type { SortKey } from '../api/list-request.ts';
import type { InstanceSource } from './instance-search.ts';
import type { InstanceColumns } from './instance-table.ts';
import type { Fact } from './tallies.ts';
import { compare } from './words.ts';

/** What a list can be sorted by: a number of the row, a text of it, or the word of its tally. */
type By =
  | { readonly kind: 'number'; readonly of: 'since' | 'joinedAt' | 'nextAt' | 'attempts' }
  | { readonly kind: 'text'; readonly of: 'ids' | 'names' }
  | { readonly kind: 'word'; readonly of: Fact };

const BY: Readonly<Record<string, By>> = {
  instanceId: { kind: 'text', of: 'ids' },
  name: { kind: 'text', of: 'names' },
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

/** Compares two rows: below zero when the first stands before the second. */
type Compare = (a: number, b: number) => number;

/** The order of a list. Rows that agree in all fields stand in the order of their ids. */
export interface RowOrder {
  readonly compare: Compare;
  /** Whether a row stands behind the one where a page ended, whether or not that is still there. */
  readonly isBehind: (row: number) => boolean;
  positionOf(row: number): Position;
}

/** @param after where the page before ended, as `positionOf` gave it; null for the first page */
export function orderRows(
  source: InstanceSource,
  sort: readonly SortKey[],
  after: Position | null,
): RowOrder {
  const keys = [...sort, { field: 'instanceId', descending: false }].map(({ field, descending }, at) => {
    const key = keyOf(source, BY[field] ?? { kind: 'text', of: 'ids' }, after?.[at] ?? null);
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
  return {
    compare: compareRows,
    isBehind: after === null ? () => true : isBehind,
    positionOf: (row) => keys.map(({ valueOf }) => valueOf(row)),
  };
}

interface Key {
  readonly compare: Compare;
  /** Compares a row with where the page before ended. */
  readonly compareToEnd: (row: number) => number;
  readonly valueOf: (row: number) => string | number;
}

function keyOf({ instances, tallies }: InstanceSource, by: By, end: Position[number]): Key {
  const { columns } = instances;
  if (by.kind === 'number') return numberKey(columns[by.of], Number(end));
  if (by.kind === 'text') return textKey(columns[by.of], String(end ?? ''));
  const words = tallies.words[by.of];
  const [places, word] = [words.places(), tallies.column(by.of)];
  const { tally }: InstanceColumns = columns;
  const placeOf = (row: number): number => places[word[tally[row] ?? 0] ?? 0] ?? 0;
  const placeOfEnd = words.placeOf(String(end ?? ''));
  return {
    compare: (a, b) => placeOf(a) - placeOf(b),
    compareToEnd: (row) => placeOf(row) - placeOfEnd,
    valueOf: (row) => tallies.wordOf(by.of, tally[row] ?? 0),
  };
}

function numberKey(column: Float64Array, end: number): Key {
  return {
    compare: (a, b) => (column[a] ?? 0) - (column[b] ?? 0),
    compareToEnd: (row) => (column[row] ?? 0) - end,
    valueOf: (row) => column[row] ?? 0,
  };
}

function textKey(column: readonly string[], end: string): Key {
  return {
    compare: (a, b) => compare(column[a] ?? '', column[b] ?? ''),
    compareToEnd: (row) => compare(column[row] ?? '', end),
    valueOf: (row) => column[row] ?? '',
  };
}

/**
 * Keeps the first rows of an order out of any number that it is shown: a heap with the last of them on top, so that most rows
 * cost one comparison.
 */
export function createFirst(limit: number, compareRows: Compare) {
  const heap: number[] = [];

  function sink(): void {
    let at = 0;
    for (;;) {
      let last = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && compareRows(heap[child] ?? 0, heap[last] ?? 0) > 0) last = child;
      }
      if (last === at) return;
      swap(at, last);
      at = last;
    }
  }

  function rise(from: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (compareRows(heap[at] ?? 0, heap[above] ?? 0) <= 0) return;
      swap(at, above);
      at = above;
    }
  }

  function swap(one: number, other: number): void {
    [heap[one], heap[other]] = [heap[other] ?? 0, heap[one] ?? 0];
  }

  return {
    show(row: number): void {
      if (heap.length < limit) {
        heap.push(row);
        rise(heap.length - 1);
      } else if (compareRows(row, heap[0] ?? 0) < 0) {
        heap[0] = row;
        sink();
      }
    },
    /** In their order. */
    rows: (): readonly number[] => heap.toSorted(compareRows),
  };
}
