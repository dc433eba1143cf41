/** From the filter of a request to the words of tallies that it lets through. */
import type { InstanceFilter } from '@muster/api/instances';
import { causeFacts } from '@muster/core/enrollment/cause';
import type { KnownPlaces } from './places.ts';
import type { Fact, Tallies } from './tallies.ts';

/** What a filter says of one fact. */
export interface FactTest {
  /** The filter's name; of two filters of one fact there are two tests. */
  readonly of: keyof InstanceFilter;
  /** By tally: the number of its word. */
  readonly column: Uint32Array;
  /** By the word's number: 1 for those that fit. */
  readonly fitting: Uint8Array;
}

const PLAIN = ['state', 'cause', 'account', 'region', 'wave', 'matcher', 'platform'] as const;

/** The tests of a filter, but for its text search and tags. All must hold. */
export function factTests(
  tallies: Tallies,
  places: KnownPlaces,
  filter: InstanceFilter,
): readonly FactTest[] {
  const test = (of: keyof InstanceFilter, fact: Fact, fits: (word: string) => boolean): FactTest => ({
    of,
    column: tallies.column(fact),
    fitting: tallies.words[fact].table(fits),
  });
  const tests = PLAIN.flatMap((name) => {
    const words = filter[name];
    return words === undefined ? [] : [test(name, name, (word) => words.includes(word))];
  });
  const { unit, owner } = filter;
  if (unit !== undefined) tests.push(test('unit', 'account', (account) => places.isBelow(account, unit)));
  // What only a newer release knows is the operator's, as `causeFacts` says.
  const isTheirs = (cause: string): boolean =>
    cause !== '' && owner?.includes(causeFacts(cause).owner) === true;
  if (owner !== undefined) tests.push(test('owner', 'cause', isTheirs));
  return tests;
}
