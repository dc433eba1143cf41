/** Sums over states, as the overview says them. */
import { STATES, UNDER_WAY } from '../../format/wording.ts';

/** Hosts that are meant to join: all but those that are stopped, unmatched or gone. */
export interface HostSums {
  readonly hosts: number;
  readonly joined: number;
  /** Between seen and joined. */
  readonly underWay: number;
  readonly failed: number;
  readonly lost: number;
  /** Something must be fixed before they can be installed. */
  readonly ineligible: number;
  /** In states that only a newer release knows. */
  readonly other: number;
}

const NOT_MEANT = new Set(['stopped', 'unmatched', 'gone']);

export function hostSums(byState: Readonly<Record<string, number>>): HostSums {
  const count = (...states: readonly string[]): number =>
    states.reduce((sum, state) => sum + (byState[state] ?? 0), 0);
  const known = new Set(STATES.map(({ state }) => state));
  const meant = Object.keys(byState).filter((state) => !NOT_MEANT.has(state));
  return {
    hosts: count(...meant),
    joined: count('joined'),
    underWay: count(...UNDER_WAY),
    failed: count('failed'),
    lost: count('lost'),
    ineligible: count('ineligible'),
    other: count(...meant.filter((state) => !known.has(state))),
  };
}
