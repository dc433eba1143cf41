/** Totals of instances, and the choices of filters. */
import type { InstanceFilter } from '@muster/api/instances';
import { type FactTest, factTests } from './instance-filter.ts';
import { type InstanceSource, searchRows } from './instance-search.ts';
import type { Tallies } from './tallies.ts';

/** How many instances the filters give: all of them, and per word of a filter with that filter left out. */
export interface InstanceCounts {
  readonly total: number;
  readonly state: Readonly<Record<string, number>>;
  readonly cause: Readonly<Record<string, number>>;
  readonly region: Readonly<Record<string, number>>;
}

/** Counts, and which rows fit. */
export interface FoundInstances {
  readonly counts: InstanceCounts;
  /** By tally: 1 for one that fits all filters. */
  readonly fitting: Uint8Array;
  /** By row: 1 for one that the search finds; null where nothing is searched, so that all are. */
  readonly searched: Uint8Array | null;
}

/** Filters whose choices are counted. */
const CHOSEN = ['state', 'cause', 'region'] as const;

/** Counts what filters give. Without a text search or tags it looks at no row. */
export function findInstances(source: InstanceSource, filter: InstanceFilter): FoundInstances {
  const { tallies, places } = source;
  const searched = searchRows(source, filter);
  const hosts = searched === null ? tallies.hosts() : countFound(source, searched);
  const missed = missedFilters(factTests(tallies, places, filter), tallies.size());
  const fitting = new Uint8Array(missed.length);
  let total = 0;
  for (let tally = 1; tally < missed.length; tally += 1) {
    if (missed[tally] !== 0) continue;
    fitting[tally] = 1;
    total += hosts[tally] ?? 0;
  }
  const [state = {}, cause = {}, region = {}] = CHOSEN.map((of) => choices(tallies, of, hosts, missed));
  return { counts: { total, state, cause, region }, fitting, searched };
}

/** The bit of a filter that a tally does not fit: one for each that is chosen from, one for all others. */
function bitOf(filter: string): number {
  return 1 << (CHOSEN.findIndex((one) => one === filter) + 1);
}

/** By tally: the bits of the filters that it does not fit. */
function missedFilters(tests: readonly FactTest[], size: number): Uint8Array {
  const missed = new Uint8Array(size);
  for (const { of, column, fitting } of tests) {
    const bit = bitOf(of);
    for (let tally = 1; tally < size; tally += 1) {
      if (fitting[column[tally] ?? 0] !== 1) missed[tally] = (missed[tally] ?? 0) | bit;
    }
  }
  return missed;
}

/** How many instances each word of a filter would give: those that miss no other filter. */
function choices(
  { words, column }: Tallies,
  of: (typeof CHOSEN)[number],
  hosts: Uint32Array,
  missed: Uint8Array,
): Readonly<Record<string, number>> {
  const ofTally = column(of);
  const bit = bitOf(of);
  const sums = new Float64Array(words[of].size());
  for (let tally = 1; tally < missed.length; tally += 1) {
    if (missed[tally] !== 0 && missed[tally] !== bit) continue;
    const word = ofTally[tally] ?? 0;
    sums[word] = (sums[word] ?? 0) + (hosts[tally] ?? 0);
  }
  const counts: Record<string, number> = {};
  for (let word = 1; word < sums.length; word += 1) {
    // The empty word, which is 0, is no cause.
    if (sums[word] !== 0) counts[words[of].wordOf(word)] = sums[word] ?? 0;
  }
  return counts;
}

/** By tally: how many of its rows were found. */
function countFound({ instances, tallies }: InstanceSource, searched: Uint8Array): Uint32Array {
  const hosts = new Uint32Array(tallies.size());
  const { tally } = instances.columns;
  for (let row = 1; row < searched.length; row += 1) {
    if (searched[row] === 1) hosts[tally[row] ?? 0] = (hosts[tally[row] ?? 0] ?? 0) + 1;
  }
  return hosts;
}
