/** What became of a call: `invalid` are errors in the question itself. */
export type CallFate = 'ok' | 'throttled' | 'denied' | 'faulted' | 'invalid';

/** Calls of one API by fate. */
export type CallCounts = Record<CallFate, number>;

/** Counts every call the simulator answered. */
export interface CallTally {
  count(api: string, fate: CallFate): void;
  /** Counts by API, in order of name. */
  byApi(): Record<string, CallCounts>;
  /** All calls together. */
  total(): number;
}

/** A tally at zero. */
export function createCallTally(): CallTally {
  const counts = new Map<string, CallCounts>();
  let total = 0;
  return {
    count(api, fate) {
      let entry = counts.get(api);
      if (entry === undefined) {
        entry = { ok: 0, throttled: 0, denied: 0, faulted: 0, invalid: 0 };
        counts.set(api, entry);
      }
      entry[fate] += 1;
      total += 1;
    },
    byApi: () =>
      Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([api, c]) => [api, { ...c }])),
    total: () => total,
  };
}
