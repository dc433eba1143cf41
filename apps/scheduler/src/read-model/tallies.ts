import { withRoom } from './column.ts';
import { createWords, type Words } from './words.ts';

/** What instances are counted by: all that lists filter by without looking at texts. */
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

export type Fact = keyof TallyFacts;

/** The first two are the target's: all tallies of one target agree in them. */
const FACTS = ['account', 'region', 'state', 'cause', 'wave', 'matcher', 'platform'] as const;
const OF_TARGET = 2;

/**
 * Counts of instances: those that have all facts in common share a *tally*, and a row holds its number. So totals, roll-ups and
 * choices of filters look at some ten thousand tallies instead of a million rows, and whether a row fits a filter is one look into
 * a table. Columns of numbers hold them: an object for each took ten times as long to look through, and five times the memory.
 *
 * 0 is the number of no tally. A number that is no longer used is given again.
 */
export function createTallies() {
  const words: Readonly<Record<Fact, Words>> = {
    account: createWords(),
    region: createWords(),
    state: createWords(),
    cause: createWords(),
    wave: createWords(),
    matcher: createWords(),
    platform: createWords(),
  };
  const columns: Record<Fact, Uint32Array> = {
    account: new Uint32Array(),
    region: new Uint32Array(),
    state: new Uint32Array(),
    cause: new Uint32Array(),
    wave: new Uint32Array(),
    matcher: new Uint32Array(),
    platform: new Uint32Array(),
  };
  let hosts = new Uint32Array();
  const targets = createTargetTallies();
  let changed = new Set<string>();
  const free: number[] = [];
  const byState = new Map<string, number>();
  let size = 1;
  let total = 0;

  function add(n: number, by: 1 | -1): void {
    hosts[n] = (hosts[n] ?? 0) + by;
    total += by;
    const state = words.state.wordOf(columns.state[n] ?? 0);
    byState.set(state, (byState.get(state) ?? 0) + by);
    changed.add(wordOf('account', n));
  }

  function newTally(numbers: readonly number[]): number {
    const n = free.pop() ?? size;
    size = Math.max(size, n + 1);
    hosts = withRoom(hosts, n);
    for (const [at, fact] of FACTS.entries()) {
      const column = withRoom(columns[fact], n);
      column[n] = numbers[at] ?? 0;
      columns[fact] = column;
    }
    return n;
  }

  function forget(n: number): void {
    targets.remove(wordOf('account', n), wordOf('region', n), n);
    free.push(n);
  }

  function wordOf(fact: Fact, n: number): string {
    return words[fact].wordOf(columns[fact][n] ?? 0);
  }

  function isSame(n: number, numbers: readonly number[]): boolean {
    for (let at = OF_TARGET; at < FACTS.length; at += 1) {
      if (columns[FACTS[at] ?? 'state'][n] !== numbers[at]) return false;
    }
    return true;
  }

  return {
    /** Counts one more. @returns the number of its tally */
    count(facts: TallyFacts): number {
      const numbers = FACTS.map((fact) => words[fact].add(facts[fact]));
      const { account, region } = facts;
      let n = targets.of(`${account}.${region}`).find((one) => isSame(one, numbers));
      if (n === undefined) {
        n = newTally(numbers);
        targets.add(account, region, n);
      }
      add(n, 1);
      return n;
    },

    /** Counts one less. */
    discount(n: number): void {
      add(n, -1);
      if (hosts[n] === 0) forget(n);
    },

    /** The word of a tally's fact. */
    wordOf,
    words,
    /** By tally: the number of its word. Longer than there are tallies, and another one after `count`. */
    column: (fact: Fact): Uint32Array => columns[fact],
    /** By tally: how many instances it has; 0 for a number that no tally has. As `column`. */
    hosts: (): Uint32Array => hosts,
    /** All numbers are below. */
    size: (): number => size,
    /** Numbers by target's id. */
    byTarget: targets.all,
    /** Ids of the targets of an account that have tallies. */
    targetsOf: targets.ofAccount,
    /** Accounts of which a count has changed since this was asked last. */
    takeChanged(): ReadonlySet<string> {
      const taken = changed;
      changed = new Set();
      return taken;
    },
    total: (): number => total,
    byState: (): ReadonlyMap<string, number> => byState,
  };
}

export type Tallies = ReturnType<typeof createTallies>;

const NO_TARGETS: ReadonlySet<string> = new Set();

/** Which tallies each target has, and which targets with tallies each account. */
function createTargetTallies() {
  const byTarget = new Map<string, number[]>();
  const byAccount = new Map<string, Set<string>>();
  return {
    all: (): ReadonlyMap<string, readonly number[]> => byTarget,
    of: (target: string): readonly number[] => byTarget.get(target) ?? [],
    ofAccount: (account: string): ReadonlySet<string> => byAccount.get(account) ?? NO_TARGETS,

    add(account: string, region: string, n: number): void {
      const target = `${account}.${region}`;
      const known = byTarget.get(target);
      if (known !== undefined) {
        known.push(n);
        return;
      }
      byTarget.set(target, [n]);
      byAccount.set(account, (byAccount.get(account) ?? new Set()).add(target));
    },

    remove(account: string, region: string, n: number): void {
      const target = `${account}.${region}`;
      const left = (byTarget.get(target) ?? []).filter((one) => one !== n);
      if (left.length > 0) {
        byTarget.set(target, left);
        return;
      }
      byTarget.delete(target);
      const ofAccount = byAccount.get(account);
      ofAccount?.delete(target);
      if (ofAccount?.size === 0) byAccount.delete(account);
    },
  };
}
