import { randomUUID } from 'node:crypto';
import { type ReachableRedis, settingsOf } from '@muster/testing/test-redis';
import type { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { defineJob, type Handler } from '../define-job.ts';
import type { Logger } from '../../runtime/logger-port.ts';
import { awaitRedis, closeRedis, createRedis, type RedisProfile } from '../../redis/connection.ts';
import { createClock } from '../../runtime/clock.ts';
import { createRedactor } from '../../runtime/redaction.ts';
import { boardQueues, createJobQueue, type JobQueue } from './enqueue.ts';
import { createJobMetrics } from './job-metrics.ts';
import { type JobProcess, type ProcessOptions, processJobs } from './process-jobs.ts';

/** A job that works on `target`; a short time, due nowhere. */
export const work = defineJob({
  name: 'work',
  version: 2,
  queue: 'discovery',
  payload: z.strictObject({ target: z.string() }),
  result: z.strictObject({ seen: z.int() }),
  isRoutine: ({ seen }) => seen === 0,
  partsOf: ({ target }) => [target],
  due: null,
  timeoutMs: 1_500,
});
/** The same where it is due in the ledger. */
export const dueWork = {
  ...work,
  due: {
    kind: 'scan',
    memberOf: ({ target }: { target: string }) => target,
    payloadOf: (target: string) => ({ target }),
  },
};
export const testJobs = { work };
export type WorkHandler = Handler<typeof work>;

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

/** Everything a test needs of one queue in one Redis; `close` ends all of it. */
export interface QueueFixture {
  readonly jobQueue: JobQueue;
  readonly redis: Redis;
  readonly prefix: string;
  readonly lines: readonly LogLine[];
  readonly metrics: Registry;
  /** @param at another Redis than the fixture's */
  connect(profile: RedisProfile, at?: ReachableRedis): Redis;
  start(handler: WorkHandler, options?: Partial<ProcessOptions<typeof testJobs, 'discovery'>>): JobProcess;
  /** The one job with this id of what is worked on, in any state; null when there is none. */
  find(target: string): Promise<Found | null>;
  close(): Promise<void>;
}

export interface Found {
  readonly state: string;
  readonly attemptsMade: number;
  readonly returned: unknown;
  readonly failedReason: string | undefined;
  readonly stacktrace: readonly string[];
}

export const clock = createClock();

export async function createFixture(
  server: ReachableRedis,
  prefix = `test-${randomUUID().slice(0, 8)}`,
): Promise<QueueFixture> {
  const connections: Redis[] = [];
  const processes: JobProcess[] = [];
  const lines: LogLine[] = [];
  const log = loggerInto(lines);
  const metrics = new Registry();
  const jobMetrics = createJobMetrics(metrics, testJobs);
  const connect = (profile: RedisProfile, at: ReachableRedis = server): Redis => {
    const redis = createRedis({ ...settingsOf(at), prefix, profile, name: 'muster-test', log });
    connections.push(redis);
    return redis;
  };
  const redis = connect('fail-fast');
  await awaitRedis(redis, clock, 10_000);
  const jobQueue = createJobQueue({ connection: redis, prefix });
  const boards = boardQueues(redis, prefix);
  const start: QueueFixture['start'] = (handler, options = {}) => {
    const process = processJobs({
      connection: connect('patient'),
      prefix,
      queue: 'discovery',
      jobs: testJobs,
      handlers: { work: handler },
      concurrency: 4,
      log,
      clock,
      redact: createRedactor(),
      metrics: jobMetrics,
      ...options,
    });
    processes.push(process);
    return process;
  };
  return {
    jobQueue,
    redis,
    prefix,
    lines,
    metrics,
    connect,
    start,
    find: (target) => findJob(boards, target),
    close: async () => {
      await Promise.all(processes.map((process) => process.close(0)));
      await Promise.all([jobQueue.close(), ...boards.map((board) => board.close())]);
      await Promise.all(connections.map(closeRedis));
    },
  };
}

async function findJob(boards: ReturnType<typeof boardQueues>, target: string): Promise<Found | null> {
  for (const board of boards) {
    const ids = (await board.getJobs()).map((job) => job.id ?? '');
    const id = ids.find((found) => found.startsWith(`${target}.`));
    if (id === undefined) continue;
    // The state first: what is read after it is at least as new.
    const state = await board.getJobState(id);
    const job = await board.getJob(id);
    if (job === undefined) return null;
    const { attemptsMade, failedReason } = job;
    return {
      state,
      attemptsMade,
      returned: job.returnvalue as unknown,
      failedReason,
      stacktrace: job.stacktrace ?? [],
    };
  }
  return null;
}

function loggerInto(lines: LogLine[], bound: object = {}): Logger {
  const at =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push({ level, message, fields: { ...bound, ...fields } });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => loggerInto(lines, { ...bound, ...fields }),
  };
}

/** Asks until `probe` answers something but null or false, every 20 ms. */
export async function eventually<T>(probe: () => Promise<T | null | false>, withinMs = 15_000): Promise<T> {
  const deadlineAtMs = clock.now() + withinMs;
  while (clock.now() < deadlineAtMs) {
    const answer = await probe();
    if (answer !== null && answer !== false) return answer;
    await clock.sleep(20);
  }
  throw new Error(`not so within ${withinMs} ms`);
}

/** The job on `target`, once it is in `state`. */
export function settled(fixture: QueueFixture, target: string, state: string): Promise<Found> {
  return eventually(async () => {
    const found = await fixture.find(target);
    return found?.state === state ? found : null;
  });
}
