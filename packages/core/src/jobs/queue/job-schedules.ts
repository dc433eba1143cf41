import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { AnyJob, PayloadOf, QueueName } from '../define-job.ts';
import type { Clock } from '../../runtime/clock-port.ts';
import type { Logger } from '../../runtime/logger-port.ts';
import { openQueue } from './enqueue.ts';
import { type Envelope, isOfNewerRelease, sealPayload } from './envelope.ts';

/** A job that recurs. */
export interface JobSchedule {
  /** No colons. */
  readonly id: string;
  readonly job: AnyJob;
  readonly payload: unknown;
  readonly everyMs: number;
}

/** A schedule whose payload fits its job. */
export function defineSchedule<Job extends AnyJob>(
  schedule: Omit<JobSchedule, 'job' | 'payload'> & { readonly job: Job; readonly payload: PayloadOf<Job> },
): JobSchedule {
  return schedule;
}

export interface ScheduleOptions {
  /** Fail-fast; stays open. */
  readonly connection: Redis;
  readonly prefix: string;
  /** The queue that holds recurring jobs and nothing else that recurs. */
  readonly queue: QueueName;
  /** All of the queue's: what is not listed is removed. */
  readonly schedules: readonly JobSchedule[];
  readonly log: Logger;
  readonly clock: Clock;
  /** @default 5_000 */
  readonly checkEveryMs?: number;
  /** Whether schedules may be set now; nothing is looked at while not. @default always */
  readonly mayDate?: () => boolean;
}

/** Schedules that are being kept. */
export interface ScheduleKeeper {
  /** Looks now. Throws what Redis throws. */
  reconcile(): Promise<void>;
  close(): Promise<void>;
}

/** A next run that is overdue by this and three periods is one that no process holds any more. */
const OVERDUE_MS = 5_000;
/** One that is this far away, and three periods, was set by a process whose clock was ahead: nothing would run until then. */
const TOO_FAR_MS = 15_000;

/**
 * Keeps BullMQ's job schedulers as listed: now, and again every `checkEveryMs`, since a flush or a rollback of Redis takes
 * them away. Any number of replicas may do so: there is one chain of jobs per id.
 *
 * A scheduled job starts its successor when it starts, runs may overlap, over replicas too, and BullMQ does not
 * deduplicate them: what recurs must be tiny and safe to run twice. Missed periods collapse into one run.
 */
export function keepSchedules(options: ScheduleOptions): ScheduleKeeper {
  const queue = openQueue(options.queue, options.connection, options.prefix);
  const closing = new AbortController();
  const reconcile = (): Promise<void> => reconcileSchedules(queue, options);
  const keeping = keep(options, reconcile, closing.signal);
  return {
    reconcile,
    close: async () => {
      closing.abort();
      await keeping;
      await queue.close();
    },
  };
}

async function keep(
  options: ScheduleOptions,
  reconcile: () => Promise<void>,
  closing: AbortSignal,
): Promise<void> {
  let failing = false;
  while (!closing.aborted) {
    try {
      if (options.mayDate?.() !== false) await reconcile();
      if (failing) options.log.info({}, 'schedules are kept again');
      failing = false;
    } catch (err) {
      if (!failing) options.log.warn({ err }, 'schedules cannot be checked');
      failing = true;
    }
    await options.clock.sleep(options.checkEveryMs ?? 5_000, closing).catch(() => undefined);
  }
}

async function reconcileSchedules(queue: Queue, options: ScheduleOptions): Promise<void> {
  const found = new Map((await queue.getJobSchedulers(0, -1)).map((scheduler) => [scheduler.key, scheduler]));
  for (const schedule of options.schedules) {
    const scheduler = found.get(schedule.id);
    found.delete(schedule.id);
    const template = templateOf(schedule);
    const now = options.clock.now();
    const next = scheduler?.next ?? 0;
    const isOverdue = next + 3 * schedule.everyMs + OVERDUE_MS < now;
    const isTooFar = next > now + 3 * schedule.everyMs + TOO_FAR_MS;
    const asListed =
      scheduler?.every === schedule.everyMs &&
      scheduler.name === template.name &&
      JSON.stringify({ ...scheduler.template?.data, v: template.data.v }) === JSON.stringify(template.data);
    if (asListed && !isOverdue && !isTooFar) continue;
    // Else BullMQ goes on from the next run that it knows.
    if (isTooFar) await queue.removeJobScheduler(schedule.id);
    await queue.upsertJobScheduler(schedule.id, { every: schedule.everyMs }, template);
    options.log.info({ schedule: schedule.id, everyMs: schedule.everyMs }, 'schedule set');
  }
  for (const [id, { template }] of found) {
    // The newer release that runs beside this one has set it.
    if (isOfNewerRelease(undefined, template?.data)) continue;
    await queue.removeJobScheduler(id);
    options.log.info({ schedule: id }, 'schedule removed');
  }
}

function templateOf(schedule: JobSchedule): { name: string; data: Envelope; opts: { attempts: number } } {
  // The next period is the retry.
  return {
    name: schedule.job.name,
    data: sealPayload(schedule.job, schedule.payload),
    opts: { attempts: 1 },
  };
}
