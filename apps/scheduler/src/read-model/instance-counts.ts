/** Totals of instances, and the choices of filters. */
import type { DatabaseSync } from 'node:sqlite';
import type { InstanceFilter } from '@muster/api/instances';
import { searchTallies } from './instance-search.ts';
import type { KnownPlaces } from './places.ts';
import { type Tallies, type Tally, tallyTest } from './tallies.ts';

/** How many instances the filters give: all of them, and per word of a filter with that filter left out. */
export interface InstanceCounts {
  readonly total: number;
  readonly state: Readonly<Record<string, number>>;
  readonly cause: Readonly<Record<string, number>>;
  readonly region: Readonly<Record<string, number>>;
}

/** What is read: rows, their counts, and the places that they lie in. */
export interface InstanceSource {
  readonly db: DatabaseSync;
  readonly tallies: Tallies;
  readonly places: KnownPlaces;
}

/** Counts, and where the instances are that fit. */
export interface FoundInstances {
  readonly counts: InstanceCounts;
  /** Tallies that fit all filters, and of which at least one host is found. */
  readonly tallies: readonly Tally[];
}

/** Counts what filters give. Without a text search or tags it looks at no row. */
export function findInstances(
  { db, tallies, places }: InstanceSource,
  filter: InstanceFilter,
): FoundInstances {
  const fits = tallyTest(filter, places.isBelow, ['state', 'cause', 'region']);
  const left = [...tallies.all()].filter(fits);
  const searched = searchTallies(db, filter, left, places);
  const fitsAll = tallyTest(filter, places.isBelow);
  return {
    counts: addUp(filter, left, searched),
    tallies: left.filter((tally) => fitsAll(tally) && (searched === null || searched.has(tally.n))),
  };
}

function addUp(
  filter: InstanceFilter,
  left: readonly Tally[],
  searched: ReadonlyMap<number, number> | null,
): InstanceCounts {
  let total = 0;
  const sums = { state: new Map(), cause: new Map(), region: new Map() } as const satisfies Record<
    string,
    Map<string, number>
  >;
  const has = (words: readonly string[] | undefined, word: string): boolean => words?.includes(word) ?? true;
  for (const tally of left) {
    const hosts = searched === null ? tally.hosts : (searched.get(tally.n) ?? 0);
    if (hosts === 0) continue;
    const isState = has(filter.state, tally.state);
    const isCause = has(filter.cause, tally.cause);
    const isRegion = has(filter.region, tally.region);
    if (isState && isCause && isRegion) total += hosts;
    if (isCause && isRegion) add(sums.state, tally.state, hosts);
    if (isState && isRegion && tally.cause !== '') add(sums.cause, tally.cause, hosts);
    if (isState && isCause) add(sums.region, tally.region, hosts);
  }
  const { state, cause, region } = sums;
  return {
    total,
    state: Object.fromEntries(state),
    cause: Object.fromEntries(cause),
    region: Object.fromEntries(region),
  };
}

function add(sums: Map<string, number>, word: string, hosts: number): void {
  sums.set(word, (sums.get(word) ?? 0) + hosts);
}
