import type { InstanceFilter } from '@muster/api/instances';
import { causeFacts } from '@muster/core/enrollment/cause';

/** What instances are counted by: all that lists filter by without looking at rows. */
export interface TallyFacts {
  readonly account: string;
  readonly region: string;
  readonly state: string;
  /** Empty without, as are `wave` and `platform`. */
  readonly cause: string;
  readonly wave: string;
  readonly matcher: string;
  readonly platform: string;
}

/** Instances that have all of these facts in common. */
export interface Tally extends TallyFacts {
  readonly n: number;
  readonly hosts: number;
}

/** Filters by facts of a tally. */
export type TallyFilter = keyof TallyFacts;

const PLAIN = ['state', 'cause', 'account', 'region', 'wave', 'matcher', 'platform'] as const;

/**
 * Counts of instances, so that totals, roll-ups and choices of filters look at some ten thousand tallies instead of a million
 * rows. They are in memory: SQLite sorts to count, and took ten times as long.
 */
export function createTallies() {
  const byKey = new Map<string, Tally & { hosts: number }>();
  const byNumber = new Map<number, Tally & { hosts: number }>();
  const byTarget = new Map<string, Set<Tally>>();
  const sums = { state: new Map<string, number>(), cause: new Map<string, number>() };
  let last = 0;
  let total = 0;

  function add(tally: Tally & { hosts: number }, by: number): void {
    tally.hosts += by;
    total += by;
    for (const fact of ['state', 'cause'] as const) {
      sums[fact].set(tally[fact], (sums[fact].get(tally[fact]) ?? 0) + by);
    }
    if (tally.hosts > 0) return;
    byKey.delete(keyOf(tally));
    byNumber.delete(tally.n);
    const target = `${tally.account}.${tally.region}`;
    byTarget.get(target)?.delete(tally);
    if (byTarget.get(target)?.size === 0) byTarget.delete(target);
  }

  function newTally(facts: TallyFacts): Tally & { hosts: number } {
    last += 1;
    const tally = { ...facts, n: last, hosts: 0 };
    byNumber.set(last, tally);
    const target = `${facts.account}.${facts.region}`;
    const ofTarget = byTarget.get(target) ?? new Set();
    byTarget.set(target, ofTarget.add(tally));
    return tally;
  }

  return {
    /** Counts one more. @returns the number of its tally */
    count(facts: TallyFacts): number {
      const key = keyOf(facts);
      const tally = byKey.get(key) ?? newTally(facts);
      byKey.set(key, tally);
      add(tally, 1);
      return tally.n;
    },

    /** Counts one less. */
    discount(n: number): void {
      const tally = byNumber.get(n);
      if (tally !== undefined) add(tally, -1);
    },

    all: (): Iterable<Tally> => byKey.values(),
    size: (): number => byKey.size,
    /** By target's id. */
    byTarget: (): ReadonlyMap<string, ReadonlySet<Tally>> => byTarget,
    total: (): number => total,
    /** How many instances have one of these words. */
    having: (fact: 'state' | 'cause', words: readonly string[]): number =>
      words.reduce((sum, word) => sum + (sums[fact].get(word) ?? 0), 0),
    byState: (): ReadonlyMap<string, number> => sums.state,
  };
}

export type Tallies = ReturnType<typeof createTallies>;

function keyOf({ account, region, state, cause, wave, matcher, platform }: TallyFacts): string {
  return [account, region, state, cause, wave, matcher, platform].join('\n');
}

/**
 * Whether a tally fits a filter, its text search and tags left out.
 *
 * @param isBelow whether an account is below a unit
 * @param leftOut filters that are not applied, as the choices of these very filters need it
 */
export function tallyTest(
  filter: InstanceFilter,
  isBelow: (account: string, unit: string) => boolean,
  leftOut: readonly TallyFilter[] = [],
): (tally: TallyFacts) => boolean {
  const sets = PLAIN.flatMap((name) => {
    const words = leftOut.includes(name) ? undefined : filter[name];
    return words === undefined ? [] : [[name, new Set(words)] as const];
  });
  const { unit, owner } = filter;
  return (tally) =>
    sets.every(([name, words]) => words.has(tally[name])) &&
    (unit === undefined || isBelow(tally.account, unit)) &&
    (owner === undefined || (tally.cause !== '' && owner.includes(causeFacts(tally.cause).owner)));
}
