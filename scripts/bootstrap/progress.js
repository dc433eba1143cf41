// How the bootstrap talks: one line at a time, on stderr.
import { fileURLToPath } from 'node:url';

/** The root of the checkout, without a trailing slash. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Says what is being done. */
export function say(line) {
  process.stderr.write(`[setup] ${line}\n`);
}

/** Says why it cannot go on, and ends. */
export function fail(message, exitCode = 1) {
  process.stderr.write(`[setup] ${message}\n`);
  process.exit(exitCode);
}
