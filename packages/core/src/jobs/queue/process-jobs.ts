import type { Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { messageOf } from '../../runtime/errors.ts';
import type { AnyJob, Handlers, QueueName } from '../define-job.ts';
import { type Clock, within } from '../../runtime/clock-port.ts';
import type { Logger } from '../../runtime/logger-port.ts';
import { NO_TRACING, type Tracing } from '../../tracing/tracing.ts';
import { bullPrefix } from './enqueue.ts';
import type { JobMetrics } from './job-metrics.ts';
import { type Run, type RunDeps, startRun } from './run-job.ts';
import { endUnreadableJobs, keepReadable, ToleratingWorker } from './unreadable-jobs.ts';

export interface ProcessOptions<Jobs extends Readonly<Record<string, AnyJob>>, Queue extends QueueName> {
  /** Patient (see `createRedis`); may be shared by several queues, and stays open. */
  readonly connection: Redis;
  readonly prefix: string;
  readonly queue: Queue;
  /** Every contract; those of other queues are left alone. */
  readonly jobs: Jobs;
  readonly handlers: Handlers<Jobs[keyof Jobs], Queue>;
  /** Jobs at once in this process. */
  readonly concurrency: number;
  readonly log: Logger;
  readonly clock: Clock;
  /** Applied to what a failed job keeps in Redis. */
  readonly redact: (text: string) => string;
  readonly metrics: JobMetrics;
  /** @default none */
  readonly tracing?: Tracing;
  /** Told of a job of a newer release that no process of that release has taken for about a minute. @default nothing is done */
  readonly onLeftBehind?: (job: string) => void;
  /** A killed worker's jobs are taken over within `lockDurationMs + 2 * stalledIntervalMs`. @default 10_000 */
  readonly lockDurationMs?: number;
  /** @default 2_000 */
  readonly stalledIntervalMs?: number;
}

/** A running worker of one queue. */
export interface JobProcess {
  readonly running: () => number;
  /**
   * Takes no more jobs, waits up to `deadlineMs` for those under way, then aborts them and returns those whose handlers
   * end within a second to the queue; what remains is taken over when its lock expires. Resolves within about three
   * seconds after the deadline, whatever Redis does. Safe to call twice.
   */
  close(deadlineMs: number): Promise<void>;
}

/** Half a minute is BullMQ's; this is as short as a process may be busy without losing its jobs to another. */
const LOCK_DURATION_MS = 10_000;

/**
 * BullMQ guards the check by a key that lives just as long as its interval, so that about every third check finds the
 * key of the one before it still there and does nothing (measured with 6.7): two intervals are the bound, not one.
 */
const STALLED_INTERVAL_MS = 2_000;

/** A crash is not the job's fault; this many of them are. */
const MOST_CRASHES = 1_000;

/** How long finished jobs stay visible. The ledger keeps the history that counts. */
const COMPLETED_KEPT = { count: 500 } as const;
const FAILED_KEPT = { age: 86_400, count: 1_000 } as const;

/** After an error of the connection BullMQ pauses its fetching; its default of 15 s is longer than most outages. */
const REDIS_RETRY_MS = 1_000;

/** The same trouble again is told after this long. */
const TOLD_FOR_MS = 60_000;
/** By which it is known: what follows differs from call to call. */
const TOLD_CHARS = 30;

const RETURN_WITHIN_MS = 1_000;
const CLOSE_WITHIN_MS = 2_000;

/** Runs the jobs of one queue until closed. Waits for Redis, now and whenever it goes away. */
export function processJobs<
  const Jobs extends Readonly<Record<string, AnyJob>>,
  const Queue extends QueueName,
>(options: ProcessOptions<Jobs, Queue>): JobProcess {
  const { queue, clock } = options;
  const log = options.log.child({ queue });
  const deps: RunDeps = {
    queue,
    jobs: contractsOf(options.jobs, queue),
    handlers: options.handlers,
    log,
    clock,
    redact: options.redact,
    metrics: options.metrics,
    tracing: options.tracing ?? NO_TRACING,
    onLeftBehind: options.onLeftBehind ?? (() => undefined),
  };
  const runs = new Set<Run>();
  const state: State = { closing: false };
  const worker = new ToleratingWorker(queue, processor(deps, runs, state), {
    connection: options.connection,
    prefix: bullPrefix(options.prefix),
    autorun: false,
    concurrency: options.concurrency,
    lockDuration: options.lockDurationMs ?? LOCK_DURATION_MS,
    stalledInterval: options.stalledIntervalMs ?? STALLED_INTERVAL_MS,
    maxStalledCount: MOST_CRASHES,
    runRetryDelay: REDIS_RETRY_MS,
    removeOnComplete: COMPLETED_KEPT,
    removeOnFail: FAILED_KEPT,
  });
  listen(worker, runs, options, log);
  void keepRunning(worker, state, clock, log);
  let closed: Promise<void> | null = null;
  const close = async (deadlineMs: number): Promise<void> => {
    state.closing = true;
    await worker.pause(true);
    await within(clock, deadlineMs, drained(runs));
    for (const run of runs) run.stop('closing');
    await within(clock, RETURN_WITHIN_MS, drained(runs));
    // Forced, BullMQ stops renewing the locks of what still runs, and does not wait for a Redis that is away.
    const force = runs.size > 0 || options.connection.status !== 'ready';
    if (runs.size > 0) log.warn({ running: runs.size }, 'jobs left behind at close');
    await within(
      clock,
      CLOSE_WITHIN_MS,
      worker.close(force).catch(() => undefined),
    );
  };
  return {
    running: () => runs.size,
    close: (deadlineMs) => {
      closed ??= close(deadlineMs);
      return closed;
    },
  };
}

function contractsOf(jobs: Readonly<Record<string, AnyJob>>, queue: QueueName): ReadonlyMap<string, AnyJob> {
  const ours = Object.values(jobs).filter((job) => job.queue === queue);
  return new Map(ours.map((job) => [job.name, job]));
}

interface State {
  closing: boolean;
}

type Processor = (job: Job, token?: string) => Promise<unknown>;

/** BullMQ makes a signal of its own for every job of a function that declares a third parameter: ours is the run's. */
function processor(deps: RunDeps, runs: Set<Run>, state: State): Processor {
  return async (job: Job, token?: string): Promise<unknown> => {
    await keepReadable(job);
    // A fetch that was under way when we began to close may still bring a job.
    const run = startRun(deps, job, token ?? '', state.closing);
    runs.add(run);
    try {
      return await run.ended;
    } finally {
      runs.delete(run);
    }
  };
}

function listen(
  worker: Worker,
  runs: ReadonlySet<Run>,
  options: {
    readonly connection: Redis;
    readonly prefix: string;
    readonly queue: QueueName;
    readonly metrics: JobMetrics;
    readonly clock: Clock;
  },
  log: Logger,
): void {
  let told = { reason: '', untilMs: 0 };
  const removeUnreadable = (): void => {
    // A Redis that is away says nothing of jobs; the next trouble asks again.
    if (options.connection.status === 'ready') endUnreadableJobs({ ...options, log }).catch(() => undefined);
  };
  worker.on('error', (err) => {
    removeUnreadable();
    // A job that does not parse: what was removed is told.
    if (err instanceof SyntaxError) return;
    const reason = messageOf(err).slice(0, TOLD_CHARS);
    const now = options.clock.now();
    const isNew = reason !== told.reason || now >= told.untilMs;
    if (isNew) told = { reason, untilMs: now + TOLD_FOR_MS };
    // While Redis is away everything fails; the connection's own listener says so once.
    const level = isNew && options.connection.status === 'ready' ? 'warn' : 'debug';
    log[level]({ err }, 'queue worker had trouble with redis');
  });
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const run of runs) if (jobIds.includes(run.jobId)) run.stop('lost');
  });
  worker.on('stalled', (jobId) => {
    options.metrics.stalled(options.queue);
    removeUnreadable();
    log.warn({ jobId }, 'job taken back from a worker that died or froze');
  });
}

/** BullMQ's loop ends only on an error it did not foresee; a worker that fetches nothing would be a silent one. */
async function keepRunning(worker: Worker, state: Readonly<State>, clock: Clock, log: Logger): Promise<void> {
  while (!state.closing) {
    try {
      if (!worker.isRunning()) await worker.run();
      if (!state.closing) await clock.sleep(REDIS_RETRY_MS);
    } catch (err) {
      if (state.closing) return;
      log.error({ err, reason: messageOf(err) }, 'queue worker stopped and is started again');
      await clock.sleep(REDIS_RETRY_MS);
    }
  }
}

async function drained(runs: ReadonlySet<Run>): Promise<void> {
  while (runs.size > 0) await Promise.allSettled([...runs].map((run) => run.ended));
}
