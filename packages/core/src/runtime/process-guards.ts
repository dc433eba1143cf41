import process from 'node:process';
import type { Logger } from './logger-port.ts';

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
