/** The database of the read model with its tables and its lists: all of it in one thread, and nothing of it waits. */
import { createInstanceLists } from './instance-list.ts';
import { createInstanceTable } from './instance-table.ts';
import { createPlaceTable } from './place-table.ts';
import { openModelDatabase } from './schema.ts';
import { createTransitionTable } from './transition-table.ts';

export function openModel() {
  const db = openModelDatabase();
  return {
    db,
    instances: createInstanceTable(db),
    places: createPlaceTable(db),
    transitions: createTransitionTable(db),
    lists: createInstanceLists(db),
  };
}

export type Model = ReturnType<typeof openModel>;
