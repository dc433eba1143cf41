import { flushCompileCache } from 'node:module';
import type { MusterConfig } from '@muster/core/config/model';
import type { ConfigReload } from '@muster/core/config/reload';
import { createConfigRedactor } from '@muster/core/config/config-redactor';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import { type Clock, LATE, within } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import { installProcessGuards, createShutdown } from '@muster/core/runtime/shutdown';
import { createClock } from '@muster/core/runtime/clock';
import { createLogger, type LogLevel } from '@muster/core/runtime/logger';
import { processName } from '@muster/core/runtime/start-steps';
import { startTracing } from '@muster/core/tracing/start-tracing';
import type { Tracing } from '@muster/core/tracing/tracing';
import { readTracingSettings, type TracingSettings } from '@muster/core/tracing/tracing-settings';
import type { CommandContext } from './command-context.ts';
import { CommandError, EXIT, type ExitCode } from './command-context.ts';
import { onEndSignal } from './end-on-signal.ts';
import { followConfig } from './follow-config.ts';

export interface RunningPart {
  readonly url: string;
  reconfigure(reload: ConfigReload): Promise<void>;
  /** Rejects when it must not go on; never resolves. */
  readonly lost: Promise<never>;
  stop(): Promise<void>;
}

/** What a process is given by its start. */
export interface ProcessTools {
  readonly log: Logger;
  readonly tracing: Tracing;
}

/** Starts one of the processes in here. Loaded only when it is asked for: a scheduler never loads an AWS SDK. */
export async function startPart(
  part: 'scheduler' | 'worker',
  config: MusterConfig,
  { log, tracing }: ProcessTools,
  once = false,
): Promise<RunningPart> {
  const deps = { config, clock: createClock(), log: log.child({ part }), tracing };
  if (part === 'scheduler') {
    const { startScheduler } = await import('@muster/scheduler/start-scheduler');
    return startScheduler(deps);
  }
  const { startWorker } = await import('@muster/worker/start-worker');
  return startWorker({ ...deps, once });
}

/** A start that is under way when the signal comes may end within this, to be stopped in order. */
const START_GRACE_MS = 2_000;
/** Beside the time that jobs under way are given: for connections, the console, and what a Redis that is away delays. */
const STOP_GRACE_MS = 10_000;

/**
 * Runs until SIGTERM or SIGINT, or until `until` resolves, and stops in order. A second signal changes nothing: start and
 * stop are bounded anyway, whatever Redis does, and the process exits when their time is over. A run with an end that a
 * signal has stopped exits with 2: something is left to do.
 *
 * @param until its signal aborts when nothing waits for it any more
 * @returns what `until` resolved with; null when a signal came first
 */
export async function runUntilSignal<T>(
  name: string,
  config: MusterConfig,
  context: CommandContext,
  start: (tools: ProcessTools) => Promise<RunningPart>,
  until?: (log: Logger, signal: AbortSignal) => Promise<T>,
): Promise<T | null> {
  const { redact, learn } = createConfigRedactor(config);
  // A run with an end has a result, and standard output belongs to that alone.
  const destination = until === undefined ? 'stdout' : 'stderr';
  const format = await logFormat(context, destination);
  const log = createLogger({ name, level: logLevel(context), redact, destination, format });
  const signal = Promise.withResolvers<null>();
  let reason = 'the end of the run';
  const release = onEndSignal((received) => {
    reason = received;
    signal.resolve(null);
  });
  installProcessGuards(log);
  const clock = createClock();
  const tracing = await startTracing(tracingSettings(name, context), {
    instance: processName(),
    clock,
    log,
    redact,
  });
  const starting = explained(start({ log, tracing }));
  const part = (await Promise.race([starting, signal.promise])) ?? (await endOfStart(starting, clock));
  if (part === null) {
    log.info({ reason }, 'stopped before it had started');
    // Nothing is under way; what the start waits for, a Redis that is away, may not come for hours.
    process.exit(until === undefined ? EXIT.ok : EXIT.partial);
  }
  // Node writes compiled sources at its end otherwise, and a process that is killed leaves none to the next start.
  flushCompileCache();
  let exitCode: ExitCode = EXIT.ok;
  const take = (reload: ConfigReload): Promise<void> => {
    learn(reload);
    return part.reconfigure(reload);
  };
  // A run that ends by itself ends with the configuration it began with.
  const following =
    until === undefined ? followConfig(config, context, take, log) : { close: () => undefined };
  if (config.speed !== 1) log.warn({ speed: config.speed }, 'simulated time');
  const ending = new AbortController();
  let isStopped = false;
  try {
    const ends = until === undefined ? [] : [until(log, ending.signal)];
    const result = await Promise.race([signal.promise, explained(part.lost), ...ends]);
    isStopped = result === null;
    return result;
  } catch (error) {
    log.error({ reason: messageOf(error) }, 'must not go on');
    reason = 'an error';
    exitCode = error instanceof CommandError ? error.exitCode : EXIT.failed;
    throw error;
  } finally {
    ending.abort();
    following.close();
    const deadlineMs = config.worker.shutdownMs + STOP_GRACE_MS;
    const steps = [
      { name, stop: () => part.stop() },
      { name: 'tracing', stop: () => tracing.close() },
    ];
    const code = await createShutdown({ log, clock, deadlineMs, steps }).stop(reason);
    // What a Redis that says nothing keeps open would hold the process for as long.
    if (until === undefined) process.exit(code === 0 ? exitCode : EXIT.failed);
    if (isStopped) process.exit(code === 0 ? EXIT.partial : EXIT.failed);
    // The result is printed meanwhile; what could not be stopped must not keep the process.
    if (code !== 0) setTimeout(() => process.exit(), STOP_GRACE_MS).unref();
    release();
  }
}

/** What was started within the grace; null when it was not. */
async function endOfStart(starting: Promise<RunningPart>, clock: Clock): Promise<RunningPart | null> {
  const part = await within(clock, START_GRACE_MS, starting);
  return part === LATE ? null : part;
}

/** A configuration that is not for this Redis, or a Redis that is not for us, ends with its own exit code. */
async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isJobError(error, 'config.invalid', 'config.unsafe')) {
      throw new CommandError(EXIT.config, error.message);
    }
    throw error;
  }
}

function logLevel(context: CommandContext): LogLevel {
  const level = context.env['LOG_LEVEL'] ?? 'info';
  const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];
  const known = levels.find((one) => one === level);
  if (known === undefined) {
    throw new CommandError(EXIT.config, `LOG_LEVEL is "${level}": use one of ${levels.join(', ')}`);
  }
  return known;
}

/** Undefined for JSON. What makes lines for people is loaded only when it is asked for. */
async function logFormat(
  context: CommandContext,
  destination: 'stdout' | 'stderr',
): Promise<((line: string) => string) | undefined> {
  const format = context.env['LOG_FORMAT'] ?? '';
  if (format === '' || format === 'json') return undefined;
  if (format !== 'pretty') {
    throw new CommandError(EXIT.config, `LOG_FORMAT is "${format}": use one of json, pretty`);
  }
  const { createPrettyLines } = await import('@muster/core/runtime/pretty-lines');
  return createPrettyLines(process[destination].isTTY && !process.env['NO_COLOR']);
}

function tracingSettings(name: string, { env }: CommandContext): TracingSettings | null {
  const settings = readTracingSettings(env, name);
  if (typeof settings === 'string') throw new CommandError(EXIT.config, settings);
  return settings;
}
