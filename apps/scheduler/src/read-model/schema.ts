/**
 * The tables of the read model. Words are kept as they are written in the ledger, so that those of a newer release are
 * answered like any other; what a list is sorted by is never NULL, so that a cursor compares it like any other value.
 */
import { DatabaseSync } from 'node:sqlite';

/** In the place of a time that never comes: sorts last. */
export const NEVER_MS = 9_000_000_000_000_000;

/** The region of the row that stands for an account that cannot be entered. */
export const WHOLE_ACCOUNT_REGION = '*';

/**
 * `tallies` counts instances by what lists filter by. Triggers keep it, so that it says what `instances` says after every
 * statement: totals, roll-ups and choices of filters read it instead of a million rows.
 */
const TABLES = `
  CREATE TABLE accounts (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, units TEXT NOT NULL, tags TEXT NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE targets (
    account TEXT NOT NULL, region TEXT NOT NULL, status TEXT NOT NULL, cause TEXT NOT NULL, detail TEXT NOT NULL,
    attempted_at INTEGER, complete_at INTEGER,
    PRIMARY KEY (account, region)
  ) WITHOUT ROWID;

  CREATE TABLE instances (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
    state TEXT NOT NULL, cause TEXT NOT NULL, wave TEXT NOT NULL, matcher TEXT NOT NULL, platform TEXT NOT NULL,
    since INTEGER NOT NULL, joined_at INTEGER NOT NULL, next_at INTEGER NOT NULL, attempts INTEGER NOT NULL,
    exit_code INTEGER, version INTEGER NOT NULL, name TEXT NOT NULL, tags TEXT NOT NULL
  );
  CREATE UNIQUE INDEX instances_id ON instances (id, account, region);
  CREATE INDEX instances_place ON instances (account, region);
  CREATE INDEX instances_since ON instances (since);
  CREATE INDEX instances_state ON instances (state, since);
  CREATE INDEX instances_cause ON instances (cause, since) WHERE cause <> '';
  CREATE INDEX instances_name ON instances (name) WHERE name <> '';

  CREATE TABLE tallies (
    account TEXT NOT NULL, region TEXT NOT NULL, state TEXT NOT NULL, cause TEXT NOT NULL,
    wave TEXT NOT NULL, matcher TEXT NOT NULL, platform TEXT NOT NULL, hosts INTEGER NOT NULL,
    PRIMARY KEY (account, region, state, cause, wave, matcher, platform)
  ) WITHOUT ROWID;
`;

const COUNTED = ['account', 'region', 'state', 'cause', 'wave', 'matcher', 'platform'] as const;

function of(row: 'new' | 'old'): string {
  return COUNTED.map((column) => `${row}.${column}`).join(', ');
}

const COUNT_NEW = `
  INSERT INTO tallies VALUES (${of('new')}, 1)
  ON CONFLICT DO UPDATE SET hosts = hosts + 1;`;
const UNCOUNT_OLD = `
  UPDATE tallies SET hosts = hosts - 1 WHERE (${COUNTED.join(', ')}) = (${of('old')});
  DELETE FROM tallies WHERE (${COUNTED.join(', ')}) = (${of('old')}) AND hosts = 0;`;

const TRIGGERS = `
  CREATE TRIGGER instances_added AFTER INSERT ON instances BEGIN ${COUNT_NEW} END;
  CREATE TRIGGER instances_removed AFTER DELETE ON instances BEGIN ${UNCOUNT_OLD} END;
  CREATE TRIGGER instances_changed AFTER UPDATE ON instances WHEN (${of('new')}) IS NOT (${of('old')})
  BEGIN ${COUNT_NEW} ${UNCOUNT_OLD} END;
`;

/** An empty database in memory, for one thread. It is a copy: nothing is lost with it, so nothing is written to a disk. */
export function openModelDatabase(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  db.exec('PRAGMA journal_mode = OFF; PRAGMA temp_store = MEMORY;');
  db.exec(TABLES);
  db.exec(TRIGGERS);
  return db;
}

/** Runs `work` in one transaction: other statements of the thread see all of it or nothing. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}
