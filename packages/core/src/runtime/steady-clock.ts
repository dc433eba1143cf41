import type { Clock } from './clock-port.ts';
import { createClock } from './clock.ts';

/** A difference that no busy process and no correction by NTP makes. */
const JUMP_MS = 1_000;

/** A clock that does not follow the machine's when that jumps, until both were compared with Redis's. */
export interface SteadyClock extends Clock {
  /** The machine's own time (epoch ms), right or wrong. */
  readonly machineNow: () => number;
  /** From now on: the machine's time less `offsetMs`. */
  set(offsetMs: number): void;
  /** Whether the machine's time has moved otherwise than time passes since `set`. */
  hasJumped(): boolean;
}

/**
 * Counts on from the time that it was last set to, by a monotonic counter. So between a jump of the machine's clock
 * and its discovery, nothing gets a wrong date.
 *
 * @param monotonicNow ms since any moment, never set back
 */
export function createSteadyClock(
  machine: Clock = createClock(),
  monotonicNow: () => number = () => performance.now(),
): SteadyClock {
  const difference = (): number => machine.now() - monotonicNow();
  let atSet = difference();
  let offset = 0;
  return {
    ...machine,
    now: () => Math.round(atSet - offset + monotonicNow()),
    machineNow: () => machine.now(),
    set: (offsetMs) => {
      atSet = difference();
      offset = offsetMs;
    },
    hasJumped: () => Math.abs(difference() - atSet) > JUMP_MS,
  };
}
