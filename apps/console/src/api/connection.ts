/** Whether the scheduler answers, and how old its answers are: one value for the whole page. */

/** How the scheduler stands, as far as answers have told. */
export interface Connection {
  /** `waiting` until the first answer. `stale`: it answers, and by itself says that it knows less than Redis. */
  readonly state: 'waiting' | 'live' | 'stale' | 'away';
  /** The moment that the newest data speaks of, by the server's clock; null before there is any. */
  readonly asOfMs: number | null;
  /** Why the last request failed; null while requests succeed. */
  readonly detail: string | null;
  /** What the server's clock is ahead of this browser's. */
  readonly aheadMs: number;
}

/** What one request told. */
export type Heard =
  | {
      readonly kind: 'answer';
      /** Null for an answer that does not tell its age, such as the session. */
      readonly data: { readonly asOfMs: number; readonly stale: boolean } | null;
      readonly serverMs: number | null;
    }
  | { readonly kind: 'failure'; readonly detail: string };

export const UNHEARD: Connection = { state: 'waiting', asOfMs: null, detail: null, aheadMs: 0 };

/** A `Date` header has whole seconds, and an answer takes its time: less than this is no difference of clocks. */
const SAME_CLOCK_MS = 2_000;

/** The connection after one more request. */
export function hear(before: Connection, heard: Heard, nowMs: number): Connection {
  if (heard.kind === 'failure') return { ...before, state: 'away', detail: heard.detail };
  const aheadMs = heard.serverMs === null ? before.aheadMs : heard.serverMs - nowMs;
  return {
    state: stateAfter(before, heard.data?.stale ?? null),
    asOfMs: Math.max(before.asOfMs ?? 0, heard.data?.asOfMs ?? 0) || null,
    detail: null,
    aheadMs: Math.abs(aheadMs) < SAME_CLOCK_MS ? 0 : aheadMs,
  };
}

/** An answer without an age, such as the session, says nothing of the data. */
function stateAfter(before: Connection, isStale: boolean | null): Connection['state'] {
  if (isStale !== null) return isStale ? 'stale' : 'live';
  return before.state === 'stale' ? 'stale' : 'live';
}

let current = UNHEARD;
const listeners = new Set<() => void>();

/** For `useSyncExternalStore`. */
export function watchConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function connection(): Connection {
  return current;
}

/** Notes what a request told. */
export function noteRequest(heard: Heard): void {
  const next = hear(current, heard, Date.now());
  const isOther =
    next.state !== current.state || next.detail !== current.detail || next.aheadMs !== current.aheadMs;
  current = next;
  if (isOther) for (const listener of listeners) listener();
}

/** The time by the server's clock: a laptop whose clock is wrong shows right ages. */
export function serverNow(): number {
  return Date.now() + current.aheadMs;
}
