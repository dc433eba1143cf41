/**
 * What states an instance went through, as far back as the change stream tells. A record in the ledger keeps only since when
 * it is in its state; the stream has every change of a state or cause, bounded. The table holds the newest of them, and knows since
 * when none is missing, so that a page never shows half of a history as the whole.
 *
 * The follower adds changes as it reads them. After a start, what was in the stream before is added as well, newest first:
 * the table answers at once and reaches further back with every page of the stream.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Change } from '@muster/core/enrollment/change-store';

/** About 100 bytes each. */
export const TRANSITIONS_KEPT = 300_000;

/** What is shown of one instance: the newest. A host that fails for months has thousands. */
const SHOWN_OF_ONE = 100;

/**
 * Rows over the bound before the oldest are deleted, as its share: not every change costs a deletion, and none keeps lists waiting
 * for more than some ten milliseconds.
 */
const SLACK = 0.01;

/** A change of an instance's state or cause. */
export interface KnownTransition {
  readonly atMs: number;
  /** Null: it had no record. */
  readonly from: string | null;
  /** Null: its record was deleted. */
  readonly to: string | null;
  readonly cause: string | null;
}

/** The transitions of one instance. */
export interface Timeline {
  /** Oldest first. */
  readonly transitions: readonly KnownTransition[];
  /** Null when they begin with the instance's first record; else no transition since this moment is missing. Infinity while nothing was read. */
  readonly sinceMs: number | null;
}

/** The table inside of `db`. */
export function createTransitionTable(db: DatabaseSync, mostRows = TRANSITIONS_KEPT) {
  db.exec(`
    CREATE TABLE IF NOT EXISTS transitions (
      instance TEXT NOT NULL, at_ms INTEGER NOT NULL, nth INTEGER NOT NULL,
      before TEXT, after TEXT, cause TEXT,
      PRIMARY KEY (instance, at_ms, nth)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS transitions_by_time ON transitions (at_ms);
  `);
  const insert = db.prepare('INSERT OR IGNORE INTO transitions VALUES (?, ?, ?, ?, ?, ?)');
  const newest = db.prepare(
    'SELECT at_ms, before, after, cause FROM transitions WHERE instance = ? ORDER BY at_ms DESC, nth DESC LIMIT ?',
  );
  // From the oldest on: from the newest it would pass over all that is kept.
  const boundary = db.prepare('SELECT at_ms FROM transitions ORDER BY at_ms LIMIT 1 OFFSET ?');
  const cut = db.prepare('DELETE FROM transitions WHERE at_ms <= ?');
  let rows = 0;
  let knownSinceMs = Infinity;
  /** Older ones have been deleted, whatever is added. */
  let trimmedToMs = -Infinity;

  function trim(): void {
    if (rows <= mostRows * (1 + SLACK)) return;
    const last = boundary.get(rows - mostRows - 1);
    if (last === undefined) return;
    const cutMs = Number(last['at_ms']);
    rows -= Number(cut.run(cutMs).changes);
    trimmedToMs = cutMs + 1;
    knownSinceMs = Math.max(knownSinceMs, trimmedToMs);
  }

  return {
    /**
     * Adds changes of the stream. The same change twice is one.
     *
     * @param completeSinceMs from when on the stream has now been read without a gap
     */
    add(changes: readonly Change[], completeSinceMs: number): void {
      knownSinceMs = Math.max(trimmedToMs, Math.min(knownSinceMs, completeSinceMs));
      // Without a journal there is no way back: what fails here ends the thread, which begins anew.
      db.exec('BEGIN');
      try {
        for (const { id, instances } of changes) {
          const [atMs = 0, nth = 0] = id.split('-').map(Number);
          for (const [instance, before, after, cause] of instances) {
            rows += Number(insert.run(instance, atMs, nth, before, after, cause).changes);
          }
        }
        trim();
      } finally {
        db.exec('COMMIT');
      }
    },

    /** Whether there is room for what is older than the oldest. */
    hasRoom(): boolean {
      return rows < mostRows;
    },

    of(instanceId: string): Timeline {
      const found = newest.all(instanceId, SHOWN_OF_ONE + 1).map(
        (row): KnownTransition => ({
          atMs: Number(row['at_ms']),
          from: textOrNull(row['before']),
          to: textOrNull(row['after']),
          cause: textOrNull(row['cause']),
        }),
      );
      const transitions = found.slice(0, SHOWN_OF_ONE).toReversed();
      const [first] = transitions;
      const isWhole = first !== undefined && first.from === null;
      if (isWhole) return { transitions, sinceMs: null };
      return { transitions, sinceMs: found.length > SHOWN_OF_ONE && first ? first.atMs : knownSinceMs };
    },

    /** The stream has a gap, or another history has begun. */
    clear(): void {
      db.exec('DELETE FROM transitions');
      rows = 0;
      knownSinceMs = Infinity;
      trimmedToMs = -Infinity;
    },
  };
}

export type TransitionTable = ReturnType<typeof createTransitionTable>;

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
