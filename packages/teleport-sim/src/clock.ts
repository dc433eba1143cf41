/**
 * The one clock of the simulator. Simulated delays (visibility, node time-to-live, slow answers) shrink by
 * `speed`; instants stay real, so that what another process reads from a date is true.
 */
export interface SimClock {
  /** Real time, in epoch milliseconds. */
  nowMs(): number;
  /** Real milliseconds that a simulated delay takes. */
  scaleMs(simulatedMs: number): number;
}

/**
 * A clock over `Date.now`.
 * @param speed how many simulated milliseconds pass in a real one; must be greater than 0.
 * @param nowMs the source of real time, replaced in tests.
 */
export function createSimClock(speed: number, nowMs: () => number = Date.now): SimClock {
  if (!(speed > 0) || !Number.isFinite(speed)) throw new RangeError(`speed must be greater than 0: ${speed}`);
  return { nowMs, scaleMs: (simulatedMs) => simulatedMs / speed };
}
