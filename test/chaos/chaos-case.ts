/** One misfortune, and what it must not do. */
export interface ChaosCase {
  readonly name: string;
  /** What this machine lacks for it; null or absent when nothing. */
  readonly cannotRun?: string | null;
  /** Runs it in a world of this seed; throws when a promise was broken. Resolves with figures for the note. */
  run(seed: number): Promise<string>;
}

/** Numbers from a seed, 0 ≤ x < 1: the same seed kills the same processes in the same order. */
export function seededRandom(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How long something took, for people. */
export function seconds(sinceMs: number): string {
  return `${((Date.now() - sinceMs) / 1_000).toFixed(1)} s`;
}
