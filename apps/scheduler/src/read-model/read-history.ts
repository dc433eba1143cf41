import type { Ledger } from '@muster/core/control/ledger';
import type { Model } from './model.ts';

/**
 * Changes of instances that a page should have: parsing and writing them keeps lists waiting for some ten milliseconds. An entry has
 * those of one commit, a few or two hundred, so a page is as long as the one before lets expect.
 */
const ROWS = 2_000;
const FIRST_ENTRIES = 25;
const MOST_ENTRIES = 250;

/** What the change stream tells of the time before it was followed, read page by page. */
export interface HistoryReading {
  /** Reads one page. @returns whether all is read */
  step(): Promise<boolean>;
}

/**
 * Begins to read the change stream up to an entry: only for timelines, the rows come from the records. Until it has come to its
 * end, timelines say that they begin now.
 */
export function beginHistory(
  { changes }: Pick<Ledger, 'changes'>,
  { transitions }: Pick<Model, 'transitions'>,
  until: { readonly id: string; readonly atMs: number },
): HistoryReading {
  transitions.clear();
  transitions.add([], until.atMs);
  let afterId = '0-0';
  let oldestMs = until.atMs;
  let atOnce = FIRST_ENTRIES;
  return {
    async step() {
      const { entries, nextId } = await changes.read(afterId, atOnce);
      const rows = entries.reduce((sum, { instances }) => sum + instances.length, 0);
      atOnce = Math.ceil(Math.min(MOST_ENTRIES, (entries.length * ROWS) / Math.max(1, rows)));
      const old = entries.filter(({ id }) => isUpTo(id, until.id));
      if (afterId === '0-0' && old[0] !== undefined) oldestMs = Number.parseInt(old[0].id, 10);
      const isAll = old.length < entries.length || entries.length === 0;
      transitions.add(old, isAll ? oldestMs : until.atMs);
      afterId = nextId;
      return isAll;
    },
  };
}

/** Whether an entry of the stream is not behind another one. */
function isUpTo(id: string, otherId: string): boolean {
  const [ms = 0, nth = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherNth = 0] = otherId.split('-').map(Number);
  return ms < otherMs || (ms === otherMs && nth <= otherNth);
}
