import { writeSync } from 'node:fs';
import { type Logger as PinoLogger, pino } from 'pino';
import type { Logger } from './logger-port.ts';
import { createRedactor, createValueRedactor, type Redact } from './redaction.ts';
import { terminalText } from './terminal-text.ts';

/** From talkative to mute. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  /** The process: `worker`, `scheduler`, `cli` … */
  readonly name: string;
  readonly level: LogLevel;
  /** @default a redactor that knows secrets by their form only */
  readonly redact?: Redact;
  /** Standard output or standard error, or somewhere else. @default "stdout" */
  readonly destination?: 'stdout' | 'stderr' | LineWriter;
  /**
   * Makes another text of each line of JSON, which is written as it comes back: safe for terminals, line end included.
   * @default JSON, with what terminals obey escaped
   */
  readonly format?: ((line: string) => string) | undefined;
}

/**
 * JSON lines for machines, one per event, times in UTC. Whatever goes in is redacted: fields by name, by type
 * (`Secret`), and every text, error messages and stacks included, by form (see `createRedactor`). The message itself
 * is ours and constant, and is written as it is.
 */
export function createLogger(options: LoggerOptions): Logger {
  const redactValue = createValueRedactor(options.redact ?? createRedactor());
  const redactFields = (fields: object): Record<string, unknown> =>
    redactValue(fields) as Record<string, unknown>;
  const settings = {
    name: options.name,
    level: options.level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: redactFields },
    // By then `formatters.log` has made plain fields of every error.
    serializers: { err: (fields: unknown) => fields },
  };
  return withRedactedChildren(pino(settings, writerOf(options)), redactFields);
}

const streams: { stdout?: LineWriter; stderr?: LineWriter } = {};

/** A stream's writer is the same for all loggers of a process, so that their lines stay in order. */
function writerOf({ name, destination = 'stdout', format = terminalText }: LoggerOptions): LineWriter {
  if (typeof destination === 'object') return formatted(destination, format);
  const lostLine = (lost: number): string => {
    const time = pino.stdTimeFunctions.isoTime();
    return `{"level":"warn"${time},"name":${JSON.stringify(name)},"lost":${lost},"msg":"log lines could not be written"}\n`;
  };
  streams[destination] ??= createLineWriter(destination === 'stdout' ? 1 : 2, lostLine);
  return formatted(streams[destination], format);
}

/** Logs are read in terminals, and pino escapes no more than JSON asks for. In JSON the values stay the same. */
function formatted(lines: LineWriter, format: (line: string) => string): LineWriter {
  return { write: (text) => lines.write(format(text)) };
}

/** pino applies no formatter to what is bound to a child, so that is redacted before it is bound. */
function withRedactedChildren(log: PinoLogger, redactFields: (fields: object) => object): Logger {
  return {
    debug: (fields, message) => {
      log.debug(fields, message);
    },
    info: (fields, message) => {
      log.info(fields, message);
    },
    warn: (fields, message) => {
      log.warn(fields, message);
    },
    error: (fields, message) => {
      log.error(fields, message);
    },
    child: (fields) => withRedactedChildren(log.child(redactFields(fields)), redactFields),
  };
}

/** Where lines go to, one or several at once. */
interface LineWriter {
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
