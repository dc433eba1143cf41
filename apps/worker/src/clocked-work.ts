import type { Logger } from '@muster/core/runtime/logger-port';
import type { JobProcess } from '@muster/core/jobs/queue/process-jobs';
import { watchClock } from '@muster/core/runtime/clock-watch';
import { processName } from '@muster/core/runtime/start-steps';
import type { SteadyClock } from '@muster/core/runtime/steady-clock';
import type { ClockLedger } from '@muster/core/control/clock-store';

/** The queues of a worker, which take jobs only while its clock agrees with Redis's. */
export interface ClockedWork {
  /** Does what dates something now, or, while the clock is wrong, before the next job is taken. */
  date(work: () => Promise<unknown>): Promise<void>;
  /** What is wrong with the clock; null when nothing is. */
  readonly trouble: () => string | null;
  close(deadlineMs: number): Promise<void>;
}

/**
 * Compares the clock, and starts the queues after `begin`, which dates things: held, and without it, while the clock is
 * wrong. `begin` comes before the first job then, too. Rejects when Redis does not answer or `begin` fails.
 */
export async function startClockedWork(options: {
  readonly clocks: ClockLedger;
  readonly clock: SteadyClock;
  readonly log: Logger;
  readonly begin: () => Promise<void>;
  readonly start: (held: boolean) => readonly JobProcess[];
}): Promise<ClockedWork> {
  let processes: readonly JobProcess[] = [];
  let toDate: (() => Promise<unknown>) | null = options.begin;
  const watch = await watchClock({
    clocks: options.clocks,
    clock: options.clock,
    name: processName(),
    part: 'worker',
    log: options.log,
    onWrong: () => {
      for (const one of processes) one.hold();
    },
    onRight: async () => {
      await toDate?.();
      toDate = null;
      for (const one of processes) one.release();
    },
  });
  processes = options.start(!watch.isRight());
  return {
    date: async (work) => {
      if (watch.isRight()) await work();
      else toDate = work;
    },
    trouble: watch.trouble,
    close: async (deadlineMs) => {
      await Promise.all([watch.close(), ...processes.map((one) => one.close(deadlineMs))]);
    },
  };
}
