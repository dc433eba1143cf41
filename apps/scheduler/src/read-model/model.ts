/** The read model's tables and counts: all of it in one thread, and nothing of it waits. */
import { createInstanceTable } from './instance-table.ts';
import { createPlaces } from './places.ts';
import { openModelDatabase } from './schema.ts';
import { createTallies } from './tallies.ts';
import { createTransitionTable } from './transition-table.ts';

/** An empty model. */
export function openModel() {
  const db = openModelDatabase();
  const tallies = createTallies();
  return {
    db,
    tallies,
    instances: createInstanceTable(db, tallies),
    places: createPlaces(),
    transitions: createTransitionTable(db),
  };
}

export type Model = ReturnType<typeof openModel>;
