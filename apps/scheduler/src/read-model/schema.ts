/**
 * The tables of the read model. Words are kept as they are written in the ledger, so that those of a newer release are
 * answered like any other; what a list is sorted by is never NULL, so that a cursor compares it like any other value.
 */
import { DatabaseSync } from 'node:sqlite';

/** In the place of a time that never comes: sorts last. */
export const NEVER_MS = 9_000_000_000_000_000;

/**
 * `found_by` holds what a text search looks at, apart from the rows: it is a third of their size, and it lies in the order of
 * tallies, so that a search reads only the tallies that its filters leave, and counts them without sorting.
 */
const TABLES = `
  CREATE TABLE instances (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
    state TEXT NOT NULL, cause TEXT NOT NULL, wave TEXT NOT NULL, matcher TEXT NOT NULL, platform TEXT NOT NULL,
    since INTEGER NOT NULL, joined_at INTEGER NOT NULL, next_at INTEGER NOT NULL, attempts INTEGER NOT NULL,
    exit_code INTEGER, version INTEGER NOT NULL, name TEXT NOT NULL, tags TEXT NOT NULL, tally INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX instances_id ON instances (id, account, region);
  CREATE INDEX instances_tally ON instances (tally);
  CREATE INDEX instances_since ON instances (since);
  CREATE INDEX instances_name ON instances (name);
  CREATE INDEX instances_state ON instances (state, since);
  CREATE INDEX instances_next_at ON instances (next_at);

  CREATE TABLE found_by (
    tally INTEGER NOT NULL, n INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (tally, n)
  ) WITHOUT ROWID;
`;

/** An empty database in memory, for one thread. It is a copy: nothing is lost with it, so nothing is written to a disk. */
export function openModelDatabase(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  db.exec('PRAGMA journal_mode = OFF; PRAGMA temp_store = MEMORY;');
  db.exec(TABLES);
  return db;
}

/** Runs `work` in one transaction. Without a journal there is no way back: what fails in it ends the thread, which begins anew. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN');
  try {
    return work();
  } finally {
    db.exec('COMMIT');
  }
}
