import { messageOf } from './errors.ts';
import {
  type ClockReading,
  describeDifference,
  isClockOff,
  type ProcessClock,
} from '../control/process-clock.ts';
import { within } from './clock-port.ts';
import { thisRelease } from './release.ts';
import type { Logger } from './logger-port.ts';
import type { SteadyClock } from './steady-clock.ts';
import type { ClockLedger } from '../control/clock-store.ts';

/** How often the clock is compared with Redis's. Real time. */
const COMPARE_EVERY_MS = 10_000;
/** How often it is looked whether it has jumped, which costs nothing; and how soon a comparison that failed is made again. */
const LOOK_EVERY_MS = 1_000;
/** How long a process that ends waits for Redis to take its name off the list; what stays there is not told for long. */
const PARTING_MS = 1_000;

/** Whether this process may date anything. */
export interface ClockWatch {
  readonly isRight: () => boolean;
  /** What is wrong with the clock, for `/readyz`; null when nothing is. */
  readonly trouble: () => string | null;
  /** Stops watching and takes this process's name off the list. */
  close(): Promise<void>;
}

/**
 * Compares this process's clock with Redis's: now, every ten seconds, and within a second after it has jumped or Redis
 * was away. `onWrong` is called when it is off or has jumped, `onRight` when it agrees (again), until it succeeds. What
 * the process dates meanwhile is dated by Redis's clock. Rejects when Redis does not answer the first comparison.
 */
export async function watchClock(options: {
  readonly clocks: ClockLedger;
  readonly clock: SteadyClock;
  readonly name: string;
  readonly part: ProcessClock['part'];
  readonly log: Logger;
  readonly onWrong: () => void;
  readonly onRight: () => Promise<void> | void;
}): Promise<ClockWatch> {
  const { clocks, clock, name, part, log } = options;
  const runs = thisRelease();
  let state: 'unknown' | 'right' | 'wrong' = 'unknown';
  let offSinceMs: number | null = null;
  let trouble: string | null = null;
  let comparedAtMs = performance.now();

  const judge = async (reading: ClockReading & { readonly redisNowMs: number }): Promise<void> => {
    const { offsetMs, redisNowMs } = reading;
    if (isClockOff(reading)) {
      clock.set(offsetMs);
      offSinceMs ??= redisNowMs;
      trouble = `the clock is ${describeDifference(offsetMs)} ${offsetMs > 0 ? 'ahead of' : 'behind'} that of Redis: no jobs are taken until they agree`;
      if (state !== 'wrong') log.error({ offsetMs }, 'clock differs from redis: no jobs are taken');
      state = 'wrong';
      options.onWrong();
      return;
    }
    clock.set(0);
    [offSinceMs, trouble] = [null, null];
    if (state === 'right') return;
    if (state === 'wrong') log.info({ offsetMs }, 'clock agrees with redis');
    await options.onRight();
    state = 'right';
  };

  const compare = async (): Promise<void> => {
    const reading = await clocks.compare(clock.machineNow);
    await judge(reading);
    const { offsetMs, roundTripMs, redisNowMs } = reading;
    await clocks.tell({ name, part, offsetMs, roundTripMs, readAtMs: redisNowMs, offSinceMs, runs });
    comparedAtMs = performance.now();
  };

  let underWay: Promise<void> | null = null;
  const look = (): void => {
    if (underWay !== null) return;
    const jumped = clock.hasJumped();
    // Held until it is compared: a virtual machine that slept, or a clock that was set.
    if (jumped && state === 'right') {
      state = 'wrong';
      options.onWrong();
    }
    if (!jumped && performance.now() - comparedAtMs < COMPARE_EVERY_MS) return;
    underWay = compare()
      .catch((error: unknown) => {
        log.debug({ reason: messageOf(error) }, 'clock not compared');
      })
      .finally(() => {
        underWay = null;
      });
  };

  await compare();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    isRight: () => state === 'right',
    trouble: () => trouble,
    close: async () => {
      clearInterval(timer);
      const left = Promise.resolve(underWay).then(() => clocks.leave(name));
      await within(
        clock,
        PARTING_MS,
        left.catch(() => undefined),
      );
    },
  };
}
