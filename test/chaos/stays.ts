import type { HostChange } from './change-history.ts';

/** Work resumes within this of a kill, whatever was killed: the promise of docs/ARCHITECTURE.md. */
const RESUME_WITHIN_MS = 60_000;
/** States in which a host is under way, and how long it may be in one by the defaults where nothing is killed. Simulated time. */
const NATURAL_MS: Readonly<Record<string, number>> = {
  // A lost answer is settled after 6 minutes.
  sending: 6 * 60_000,
  // Two to be delivered, five to run.
  installing: 7 * 60_000,
  installed: 5 * 60_000,
};

/**
 * The longest that a host was in each of the states of one under way, for people. Throws when one was there for longer than it
 * may, plus the time within which killed work resumes.
 */
export function judgeStays(history: readonly (readonly HostChange[])[], speed: number): string {
  const longest = new Map<string, Stay>();
  const since = new Map<string, { readonly state: string; readonly atMs: number }>();
  for (const { host, state, atMs } of history.flat()) {
    const left = since.get(host);
    if (left !== undefined) noteStay(longest, { host, state: left.state, ms: atMs - left.atMs });
    since.set(host, { state, atMs });
  }
  const late = [...longest.values()].filter(({ state, ms }) => ms > mostOf(state, speed));
  if (late.length > 0) throw new Error(`under way for too long: ${late.map(describe).join(', ')}`);
  return [...longest.values()].map(describe).join(', ');
}

/** How long a host was in a state. */
interface Stay {
  readonly host: string;
  readonly state: string;
  readonly ms: number;
}

function noteStay(longest: Map<string, Stay>, stay: Stay): void {
  if (!(stay.state in NATURAL_MS)) return;
  if (stay.ms > (longest.get(stay.state)?.ms ?? -1)) longest.set(stay.state, stay);
}

function mostOf(state: string, speed: number): number {
  return RESUME_WITHIN_MS + (NATURAL_MS[state] ?? 0) / speed;
}

function describe({ host, state, ms }: Stay): string {
  return `${state} ${(ms / 1_000).toFixed(1)} s (${host})`;
}
