import { writeSync } from 'node:fs';

/** Where lines go to, one or several at once. */
export interface LineWriter {
  write(lines: string): void;
}

/** A reader that does not keep up is waited for this long per write, in steps. */
const STEP_MS = 20;
const MOST_STEPS = 50;

/**
 * Writes lines to a file descriptor, and drops those that cannot be written: a full disk, or a reader that is gone, is no
 * reason to stop the work, nor to hang at the end of it. When lines can be written again, `lostLine` tells about how
 * many were not. (pino's own destination throws from a full disk, and then tries without end to empty itself at exit.)
 */
export function createLineWriter(fd: number, lostLine: (lost: number) => string): LineWriter {
  let lost = 0;
  /** A line broke off: the next one must not continue it. */
  let torn = false;
  const put = (line: string): boolean => {
    const bytes = Buffer.from(torn ? `\n${line}` : line);
    const written = writeAll(fd, bytes);
    if (written > 0) torn = written < bytes.length;
    return written === bytes.length;
  };
  return {
    write: (lines) => {
      if (lost > 0 && put(lostLine(lost))) lost = 0;
      if (lost > 0 || !put(lines)) lost += lines.split('\n').length - 1;
    },
  };
}

/** @returns how many bytes were written until an error */
function writeAll(fd: number, bytes: Uint8Array): number {
  let written = 0;
  for (let steps = 0; written < bytes.length; ) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      steps += 1;
      if (!isBusy(error) || steps > MOST_STEPS) break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STEP_MS);
    }
  }
  return written;
}

/** A pipe that is full, and does not block. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}
