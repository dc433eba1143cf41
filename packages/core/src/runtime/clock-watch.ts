import type { ClockLedger } from '../control/clock-store.ts';
import { isClockOff, type ProcessClock } from '../control/process-clock.ts';
import { type LedgerClock, within } from './clock-port.ts';
import { messageOf } from './errors.ts';
import type { Logger } from './logger-port.ts';
import { createLoadMeter } from './process-load.ts';
import { thisRelease } from './release.ts';

/** How often Redis is asked for the time. Real time. */
const COMPARE_EVERY_MS = 10_000;
/** How soon a comparison that failed is made again. */
const RETRY_MS = 1_000;
/** How long a process that ends waits for Redis to take its name off the list; what stays there is not told for long. */
const PARTING_MS = 1_000;

/** A watch over the process's clock, until it is closed. */
export interface ClockWatch {
  /** Stops watching and takes this process's name off the list. */
  close(): Promise<void>;
}

/**
 * Sets the process's clock by Redis's, now and every ten seconds, and tells the ledger how the machine's stands to it: a
 * machine that is wrong is a finding, and no reason to work less. How busy the process is goes with it. Rejects when Redis does not answer the first question.
 */
export async function watchClock(options: {
  readonly clocks: ClockLedger;
  readonly clock: LedgerClock;
  readonly name: string;
  readonly part: ProcessClock['part'];
  readonly log: Logger;
}): Promise<ClockWatch> {
  const { clocks, clock, name, part, log } = options;
  const runs = thisRelease();
  const measureLoad = createLoadMeter(() => clock.monotonicMs());
  const closing = new AbortController();
  let offSinceMs: number | null = null;
  let startedAtMs: number | null = null;

  const compare = async (): Promise<void> => {
    const reading = await clocks.compare(clock);
    const { offsetMs, roundTripMs, redisNowMs } = reading;
    clock.told(redisNowMs);
    startedAtMs ??= redisNowMs;
    const wasOff = offSinceMs !== null;
    offSinceMs = isClockOff(reading) ? (offSinceMs ?? redisNowMs) : null;
    const isOff = offSinceMs !== null;
    if (isOff && !wasOff) log.error({ offsetMs }, 'clock of the machine differs from that of redis');
    if (wasOff && !isOff) log.info({ offsetMs }, 'clock of the machine agrees with that of redis');
    const load = measureLoad();
    const readAtMs = redisNowMs;
    await clocks.tell({ name, part, offsetMs, roundTripMs, readAtMs, offSinceMs, startedAtMs, runs, load });
  };

  await compare();
  const watching = (async () => {
    let waitMs = COMPARE_EVERY_MS;
    for (;;) {
      await clock.sleep(waitMs, closing.signal);
      try {
        await compare();
        waitMs = COMPARE_EVERY_MS;
      } catch (error) {
        waitMs = RETRY_MS;
        log.debug({ reason: messageOf(error) }, 'clock not compared');
      }
    }
  })().catch(() => undefined);
  return {
    close: async () => {
      closing.abort();
      const left = watching.then(() => clocks.leave(name));
      await within(
        clock,
        PARTING_MS,
        left.catch(() => undefined),
      );
    },
  };
}
