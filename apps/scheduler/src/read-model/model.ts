/** The read model's tables and counts: all of it in one thread, and nothing of it waits. */
import { DatabaseSync } from 'node:sqlite';
import { createInstanceTable } from './instance-table.ts';
import { createPlaces } from './places.ts';
import { createTallies } from './tallies.ts';
import { createTransitionTable } from './transition-table.ts';

/** An empty model. */
export function openModel() {
  const db = openTransitions();
  const tallies = createTallies();
  return {
    db,
    tallies,
    instances: createInstanceTable(tallies),
    places: createPlaces(),
    transitions: createTransitionTable(db),
  };
}

export type Model = ReturnType<typeof openModel>;

/** A database in memory. It is a copy: nothing is lost with it, so nothing is written to a disk, and no journal is kept. */
function openTransitions(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  db.exec('PRAGMA journal_mode = OFF; PRAGMA temp_store = MEMORY;');
  return db;
}
