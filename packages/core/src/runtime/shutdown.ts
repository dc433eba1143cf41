import process from 'node:process';
import { type Clock, LATE, within } from './clock-port.ts';
import type { Logger } from './logger-port.ts';

/** One thing to stop. Given the ms that are left until the deadline, 0 or more. */
interface ShutdownStep {
  readonly name: string;
  readonly stop: (leftMs: number) => Promise<void>;
}

interface ShutdownOptions {
  readonly log: Logger;
  readonly clock: Clock;
  /** For all steps together. */
  readonly deadlineMs: number;
  /** In this order: what takes work in comes first, what the others need last. */
  readonly steps: readonly ShutdownStep[];
}

/** 0: everything stopped. 1: a step failed, or the deadline came first. */
type ShutdownCode = 0 | 1;

interface Shutdown {
  /** Stops everything once, whatever calls it and however often; the steps after a failed one are stopped too. */
  stop(reason: string): Promise<ShutdownCode>;
}

/** The steps as one thing to stop. */
export function createShutdown(options: ShutdownOptions): Shutdown {
  let stopping: Promise<ShutdownCode> | null = null;
  return {
    stop: (reason) => {
      stopping ??= stopAll(options, reason);
      return stopping;
    },
  };
}

async function stopAll(options: ShutdownOptions, reason: string): Promise<ShutdownCode> {
  const { log, clock, deadlineMs } = options;
  const startedAtMs = clock.monotonicMs();
  log.info({ reason, deadlineMs }, 'stopping');
  const stopped = await within(clock, deadlineMs, stopInOrder(options, startedAtMs + deadlineMs));
  if (stopped === LATE) log.error({ deadlineMs }, 'not stopped within the deadline');
  const code = stopped === LATE ? 1 : stopped;
  log.info({ code, durationMs: clock.monotonicMs() - startedAtMs }, 'stopped');
  return code;
}

async function stopInOrder(options: ShutdownOptions, deadlineAtMs: number): Promise<ShutdownCode> {
  let code: ShutdownCode = 0;
  for (const step of options.steps) {
    try {
      await step.stop(Math.max(0, deadlineAtMs - options.clock.monotonicMs()));
    } catch (err) {
      code = 1;
      options.log.error({ err, step: step.name }, 'a step of the shutdown failed');
    }
  }
  return code;
}

/**
 * Logs an error that no code caught and exits with 1: a process in an unknown state does no more work, its supervisor starts a new
 * one, and the ledger knows what was under way. Call once, in `main.ts`, before anything else.
 */
export function installProcessGuards(log: Logger): void {
  const die =
    (message: string) =>
    (err: unknown): void => {
      // The process exits whatever the logger does.
      try {
        log.error({ err }, message);
      } finally {
        process.exit(1);
      }
    };
  process.on('uncaughtException', die('uncaught exception'));
  process.on('unhandledRejection', die('unhandled rejection'));
}
