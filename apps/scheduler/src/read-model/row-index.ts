import { withRoom } from './column.ts';
import { createWords } from './words.ts';

/**
 * Which row is of which instance. Row 0 is none; the number of one that was taken away is given again. An instance is known by its
 * id within its target: AWS gives no id twice, but a record of another account may claim one.
 */
export function createRowIndex() {
  const ids: string[] = [''];
  const targets = createWords();
  const firstOfId = new Map<string, number>();
  /** By the target's number: its first row; 0 for none. */
  const firstOfTarget: number[] = [];
  const free: number[] = [];
  let size = 1;
  /** The number of the row's target. */
  let target = new Uint32Array();
  /** The next row of the same target, and the one before; 0 for none. */
  let nextOfTarget = new Uint32Array();
  let beforeOfTarget = new Uint32Array();
  /** The next row of the same id. */
  let nextOfId = new Uint32Array();

  function newRow(): number {
    const row = free.pop() ?? size;
    size = Math.max(size, row + 1);
    target = withRoom(target, row);
    nextOfTarget = withRoom(nextOfTarget, row);
    beforeOfTarget = withRoom(beforeOfTarget, row);
    nextOfId = withRoom(nextOfId, row);
    return row;
  }

  function unlinkId(id: string, row: number): void {
    const next = nextOfId[row] ?? 0;
    let before = firstOfId.get(id) ?? 0;
    if (before === row && next === 0) firstOfId.delete(id);
    else if (before === row) firstOfId.set(id, next);
    else {
      while (nextOfId[before] !== row) before = nextOfId[before] ?? 0;
      nextOfId[before] = next;
    }
  }

  function unlinkTarget(row: number): void {
    const [before, next] = [beforeOfTarget[row] ?? 0, nextOfTarget[row] ?? 0];
    if (before === 0) firstOfTarget[target[row] ?? 0] = next;
    else nextOfTarget[before] = next;
    if (next !== 0) beforeOfTarget[next] = before;
  }

  return {
    /** By row; empty for one that is free. */
    ids: ids as readonly string[],
    /** All rows are below. */
    size: (): number => size,
    /** The number of a target, for the other calls. */
    numberOf: (targetId: string): number => targets.add(targetId),

    /** 0 for an instance without a row. */
    find(id: string, ofTarget: number): number {
      let row = firstOfId.get(id) ?? 0;
      while (row !== 0 && target[row] !== ofTarget) row = nextOfId[row] ?? 0;
      return row;
    },

    /** Gives an instance a row that has none. */
    add(id: string, ofTarget: number): number {
      const row = newRow();
      ids[row] = id;
      target[row] = ofTarget;
      const [sameId, sameTarget] = [firstOfId.get(id) ?? 0, firstOfTarget[ofTarget] ?? 0];
      nextOfId[row] = sameId;
      firstOfId.set(id, row);
      beforeOfTarget[row] = 0;
      nextOfTarget[row] = sameTarget;
      if (sameTarget !== 0) beforeOfTarget[sameTarget] = row;
      firstOfTarget[ofTarget] = row;
      return row;
    },

    remove(row: number): void {
      unlinkTarget(row);
      unlinkId(ids[row] ?? '', row);
      ids[row] = '';
      free.push(row);
    },

    /** All rows of a target. */
    *ofTarget(number: number): Iterable<number> {
      for (let row = firstOfTarget[number] ?? 0; row !== 0; row = nextOfTarget[row] ?? 0) yield row;
    },
  };
}
