import { randomUUID } from 'node:crypto';
import { type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { keyspace } from '../../redis/keys.ts';
import type { Clock } from '../../runtime/clock-port.ts';
import { JobError, messageOf } from '../../runtime/errors.ts';
import { type AnyJob, dedupeIdOf, type PayloadOf, QUEUE_NAMES, type QueueName } from '../define-job.ts';
import { NO_TRACING, type Tracing } from '../../tracing/tracing.ts';
import { sealPayload } from './envelope.ts';

/** How many jobs one queue holds. */
export interface QueueCounts {
  readonly waiting: number;
  readonly delayed: number;
  readonly active: number;
  /** Of those still kept. */
  readonly completed: number;
  /** Of those still kept. */
  readonly failed: number;
}

export interface EnqueueOptions {
  /** Ahead of all that waits; one that waits already stays where it is. @default false */
  readonly first?: boolean;
}

/**
 * Puts jobs into Redis. A job whose dedupe id is already waiting or delayed is dropped silently. While one with this id runs,
 * another is dropped too, unless its work is due in the ledger: of those the queue keeps the last, and gives it out when the
 * running one has ended, so that two never run at once. All methods throw `payload.invalid` before anything is sent, and
 * `ledger.unavailable` within seconds when Redis does not take them; some of a list may then have been taken.
 */
export interface JobQueue {
  enqueue<Job extends AnyJob>(job: Job, payload: PayloadOf<Job>, options?: EnqueueOptions): Promise<void>;
  /** In few round trips, whatever the length of the list. */
  readonly enqueueMany: <Job extends AnyJob>(
    job: Job,
    payloads: readonly PayloadOf<Job>[],
    options?: EnqueueOptions,
  ) => Promise<void>;
  counts(): Promise<Readonly<Record<QueueName, QueueCounts>>>;
  /**
   * Since when the job waits for a worker that each queue gives out next: when it was given, or last begun (epoch ms, by
   * `clock`). Null where none waits, or where it is no job of ours.
   */
  waitingSinceMs(): Promise<Readonly<Record<QueueName, number | null>>>;
  /** Leaves the connection open. */
  close(): Promise<void>;
}

/** As many as a busy loop can prepare in about 20 ms; 17,000 in one go hold it for half a second. */
const BULK_SIZE = 500;

/**
 * @param options `connection` is fail-fast (see `createRedis`); `prefix` separates installations; jobs are dated by `clock`, else
 *   by the process's own
 *
 * Deduplication is BullMQ's own, by a key that names the one live job, and not by a shared job id: so finished jobs stay
 * visible for a while without blocking the next one. The key is set with the job and goes with its end, survives a
 * killed worker with it, and is taken over when its job no longer exists. So is what BullMQ keeps for after the running one.
 */
export function createJobQueue(options: {
  readonly connection: Redis;
  readonly prefix: string;
  readonly clock?: Pick<Clock, 'now'>;
  /** @default none */
  readonly tracing?: Pick<Tracing, 'current'>;
}): JobQueue {
  const { clock, tracing = NO_TRACING } = options;
  const dated = (entry: Entry): Entry =>
    clock === undefined ? entry : { ...entry, opts: { ...entry.opts, timestamp: clock.now() } };
  const queues = new Map(
    QUEUE_NAMES.map((name) => [name, openQueue(name, options.connection, options.prefix)]),
  );
  const queueOf = (name: QueueName): Queue => queues.get(name) ?? unknownQueue(name);
  return {
    enqueue: async (job, payload, options = {}) => {
      const entry = dated(entryOf(job, payload, options, tracing.current()));
      await orUnavailable(queueOf(job.queue).add(entry.name, entry.data, entry.opts));
    },
    enqueueMany: async (job, payloads, options = {}) => {
      let underWay: Promise<unknown> = Promise.resolve();
      const trace = tracing.current();
      for (let at = 0; at < payloads.length; at += BULK_SIZE) {
        const entries = payloads
          .slice(at, at + BULK_SIZE)
          .map((payload) => dated(entryOf(job, payload, options, trace)));
        // One is prepared here while Redis takes in the one before it.
        const adding = orUnavailable(queueOf(job.queue).addBulk(entries));
        adding.catch(() => undefined);
        await underWay;
        underWay = adding;
      }
      await underWay;
    },
    counts: async () => {
      const counted = await orUnavailable(Promise.all([...queues].map(countQueue)));
      return Object.fromEntries(counted) as Record<QueueName, QueueCounts>;
    },
    waitingSinceMs: async () => {
      const read = await orUnavailable(Promise.all([...queues].map(readWaitingSince)));
      return Object.fromEntries(read) as Record<QueueName, number | null>;
    },
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

interface Entry {
  readonly name: string;
  readonly data: object;
  readonly opts: JobsOptions;
}

function entryOf(
  job: AnyJob,
  payload: unknown,
  { first = false }: EnqueueOptions,
  trace: string | null,
): Entry {
  const data = sealPayload(job, payload, trace);
  const dedupeId = dedupeIdOf(job, data.payload);
  return {
    name: job.name,
    data,
    opts: {
      // What is worked on and a random end, which is unique over a flush too, where BullMQ's counter would give out ids
      // again that workers still hold. The job's name stands beside its id everywhere, and with ids of 45 characters Redis
      // used about a sixth more of its CPU for every job than with 26 (measured; above 44 it keeps a string in two pieces).
      jobId: `${job.partsOf(data.payload).join('.') || job.name}.${randomUUID().slice(-12)}`,
      // Work of the ledger that is given while its like runs may be news that this run has read past: it runs once more
      // right after, and not when the lease of the tick that gave it ends.
      deduplication: { id: dedupeId, ...(job.due === null ? {} : { keepLastIfActive: true }) },
      ...(first ? { lifo: true } : {}),
    },
  };
}

async function countQueue([name, queue]: [QueueName, Queue]): Promise<[QueueName, QueueCounts]> {
  const counts = await queue.getJobCounts(
    'waiting',
    'prioritized',
    'delayed',
    'active',
    'completed',
    'failed',
  );
  const of = (state: string): number => counts[state] ?? 0;
  return [
    name,
    {
      waiting: of('waiting') + of('prioritized'),
      delayed: of('delayed'),
      active: of('active'),
      completed: of('completed'),
      failed: of('failed'),
    },
  ];
}

async function readWaitingSince([name, queue]: [QueueName, Queue]): Promise<[QueueName, number | null]> {
  try {
    const [job] = await queue.getWaiting(0, 0);
    return [name, job === undefined ? null : Math.max(job.timestamp, job.processedOn ?? 0)];
  } catch (error) {
    // A job that is no JSON: the worker that meets it takes it out.
    if (error instanceof SyntaxError) return [name, null];
    throw error;
  }
}

/** Our own mistakes are caught before: whatever BullMQ throws now is Redis being away, full, read-only or loading. */
async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new JobError('ledger.unavailable', `the queue in Redis does not answer: ${messageOf(error)}`, {
      retry: { afterMs: 1_000 },
      cause: error,
    });
  }
}

function unknownQueue(name: string): never {
  throw new JobError('bug.unknown', `there is no queue ${name}`, { retry: 'never' });
}

/** Events are for an operator who watches; Muster does not read them, so few are kept (about 45 bytes each). */
const EVENTS_KEPT = 1_000;

/** Where BullMQ keeps its keys: in the slot of all our keys. */
export function bullPrefix(prefix: string): string {
  return `${keyspace(prefix)}:queue`;
}

/**
 * BullMQ's handle on one queue. `connection` is fail-fast: a handle made while Redis is away would otherwise wait for it
 * for ever, or, asking for its version first, be broken for good.
 */
export function openQueue(name: QueueName, connection: Redis, prefix: string): Queue {
  const queue = new Queue(name, {
    connection,
    prefix: bullPrefix(prefix),
    skipWaitingForReady: true,
    skipVersionCheck: true,
    streams: { events: { maxLen: EVENTS_KEPT } },
  });
  // The connection's own listener logs that Redis is away; here it only must not be thrown.
  queue.on('error', () => undefined);
  return queue;
}

/** Handles on all queues, for Bull Board. Closing them leaves `connection` open. */
export function boardQueues(connection: Redis, prefix: string): readonly Queue[] {
  return QUEUE_NAMES.map((name) => openQueue(name, connection, prefix));
}
