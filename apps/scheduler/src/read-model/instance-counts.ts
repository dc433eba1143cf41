/** Totals of instances, and the choices of filters. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { InstanceFilter } from '@muster/api/instances';
import { allOf, placeCondition, textCondition } from './instance-filter.ts';

/** How many instances the filters give: all of them, and per word of a filter with that filter left out. */
export interface InstanceCounts {
  readonly total: number;
  readonly state: Readonly<Record<string, number>>;
  readonly cause: Readonly<Record<string, number>>;
  readonly region: Readonly<Record<string, number>>;
}

/** Counts by filters. Without a text search or tags it reads tallies only. */
export function createInstanceCounts(db: DatabaseSync) {
  return {
    count(filter: InstanceFilter): InstanceCounts {
      const place = placeCondition(filter, ['state', 'cause', 'region']);
      const text = textCondition(filter);
      const { sql, values } = text === null ? place : allOf([place, text]);
      const [source, hosts] = text === null ? ['tallies', 'sum(hosts)'] : ['instances', 'count(*)'];
      const rows = db
        .prepare(
          `SELECT state, cause, region, ${hosts} AS hosts FROM ${source} WHERE ${sql} GROUP BY state, cause, region`,
        )
        .all(...values);
      return addUp(rows, filter);
    },

    /** How many instances a filter gives, its text search and tags left out. */
    tallied(filter: InstanceFilter): number {
      const { sql, values } = placeCondition(filter);
      const row = db
        .prepare(`SELECT ifnull(sum(hosts), 0) AS hosts FROM tallies WHERE ${sql}`)
        .get(...values);
      return Number(row?.['hosts']);
    },
  };
}

export type InstanceCounter = ReturnType<typeof createInstanceCounts>;

function addUp(rows: readonly Record<string, SQLOutputValue>[], filter: InstanceFilter): InstanceCounts {
  let total = 0;
  const [states, causes, regions] = [
    new Map<string, number>(),
    new Map<string, number>(),
    new Map<string, number>(),
  ];
  const has = (words: readonly string[] | undefined, word: string): boolean => words?.includes(word) ?? true;
  for (const row of rows) {
    const [state, cause, region] = [String(row['state']), String(row['cause']), String(row['region'])];
    const hosts = Number(row['hosts']);
    const isState = has(filter.state, state);
    const isCause = has(filter.cause, cause);
    const isRegion = has(filter.region, region);
    if (isState && isCause && isRegion) total += hosts;
    if (isCause && isRegion) add(states, state, hosts);
    if (isState && isRegion && cause !== '') add(causes, cause, hosts);
    if (isState && isCause) add(regions, region, hosts);
  }
  return {
    total,
    state: Object.fromEntries(states),
    cause: Object.fromEntries(causes),
    region: Object.fromEntries(regions),
  };
}

function add(sums: Map<string, number>, word: string, hosts: number): void {
  sums.set(word, (sums.get(word) ?? 0) + hosts);
}
