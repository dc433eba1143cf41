/** How patient notifications are, in ms. */
export interface NotifyTimings {
  /** How long what is no page must stand before it is told: what comes and goes is no news. */
  readonly settleMs: number;
  /** How long something must be gone before it is told to have ended; doubles with each time it came back within the hour. */
  readonly quietMs: number;
  readonly longestQuietMs: number;
  /** How far apart two messages about one thing that goes on growing are. */
  readonly changeMs: number;
  /** How long events are gathered for one message. */
  readonly groupMs: number;
  /** The same where one of them is a page. */
  readonly groupPageMs: number;
  readonly hourMs: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** @param speed how many times faster than time a simulation runs; 1 in production */
export function notifyTimings(speed: number): NotifyTimings {
  const scaled = (ms: number): number => Math.max(1, Math.round(ms / speed));
  return {
    settleMs: scaled(10 * SECOND),
    quietMs: scaled(MINUTE),
    longestQuietMs: scaled(30 * MINUTE),
    changeMs: scaled(15 * MINUTE),
    groupMs: scaled(30 * SECOND),
    groupPageMs: scaled(5 * SECOND),
    hourMs: scaled(60 * MINUTE),
  };
}
