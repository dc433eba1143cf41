/** An order of rows by their numbers. */
export interface FirstOrder {
  /** Below zero when the first row stands before the second. */
  readonly compare: (a: number, b: number) => number;
  /** Of two rows of different weights the lighter one stands first. */
  readonly weigh: (row: number) => number;
  /** Whether a row stands behind the one where the page before ended, whether or not that is still there; null on the first page, where all do. */
  readonly isBehind: ((row: number) => boolean) | null;
}

/**
 * Keeps the first rows of an order out of any number that it is shown: a heap with the last of them on top, so that most rows
 * cost one comparison of weights.
 */
export function createFirst(limit: number, { compare: compareRows, weigh, isBehind }: FirstOrder) {
  const heap: number[] = [];
  /** Of the last row that is kept, once there are so many: nothing heavier comes in. */
  let heaviest = Infinity;

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
      const weight = weigh(row);
      if (weight > heaviest || (isBehind !== null && !isBehind(row))) return;
      if (heap.length < limit) {
        heap.push(row);
        rise(heap.length - 1);
      } else if (weight < heaviest || compareRows(row, heap[0] ?? 0) < 0) {
        heap[0] = row;
        sink();
      }
      if (heap.length === limit) heaviest = weigh(heap[0] ?? 0);
    },
    /** In their order. */
    rows: (): readonly number[] => heap.toSorted(compareRows),
  };
}
