import type { Clock } from '../runtime/clock-port.ts';

/** The `Date` of an answer has whole seconds, and a busy process reads it late: less than this is no difference. */
const TOLERATED_MS = 1_500;

/** AWS's clock, as the `Date` of its answers tells it. AWS refuses what was signed five minutes off. */
export interface AwsClock extends Clock {
  /** Takes up an answer's `Date`. @param sentAtMs when its request left, by `monotonicMs` */
  learn(date: string | undefined, sentAtMs: number): void;
  /** How often an answer has set it: a refusal that did so may have been about the time alone. */
  corrections(): number;
  /** Whether an answer has told the time at all. */
  isKnown(): boolean;
}

/**
 * One per process. Until the first answer AWS's time is taken to be Redis's, and afterwards it is counted on from the
 * answers by the monotonic counter: a machine whose clock is wrong, or is set in the middle, signs rightly.
 */
export function createAwsClock(clock: Clock): AwsClock {
  /** AWS's time less the counter. */
  let base: number | null = null;
  let corrections = 0;
  return {
    ...clock,
    now: () => (base === null ? clock.now() : Math.round(base + clock.monotonicMs())),
    learn: (date, sentAtMs) => {
      const secondMs = Date.parse(date ?? '');
      if (Number.isNaN(secondMs)) return;
      const seen = secondMs + 500 - (sentAtMs + clock.monotonicMs()) / 2;
      const before = base ?? clock.now() - clock.monotonicMs();
      if (Math.abs(seen - before) > TOLERATED_MS) corrections += 1;
      if (base === null || Math.abs(seen - base) > TOLERATED_MS) base = seen;
    },
    corrections: () => corrections,
    isKnown: () => base !== null,
  };
}

/** Makes a client of the SDK sign by AWS's clock; the offset that it keeps for itself is learned per client, and too late. */
export function signByClock<Client extends { readonly config: object }>(
  client: Client,
  clock: AwsClock,
): Client {
  Object.defineProperty(client.config, 'systemClockOffset', {
    get: () => clock.now() - clock.machineNow(),
    set: () => {
      // What the SDK finds out by itself counts for nothing.
    },
  });
  return client;
}
