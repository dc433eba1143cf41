import { startTestRedis, type TestRedis } from '@muster/testing/redis-cluster';
import { startRedis } from '@muster/testing/redis-server';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { LEDGER_SCHEMA } from '../../control/installation.ts';
import { defineJob, type Handlers } from '../define-job.ts';
import { openQueue } from './enqueue.ts';
import { defineSchedule, type JobSchedule, keepSchedules, type ScheduleKeeper } from './job-schedules.ts';
import { createJobMetrics } from './job-metrics.ts';
import { processJobs } from './process-jobs.ts';
import { clock, createFixture, eventually, type QueueFixture } from './queue-fixture.ts';

const tick = defineJob({
  name: 'tick',
  version: 1,
  queue: 'tick',
  payload: z.strictObject({}),
  result: z.null(),
  partsOf: () => [],
  due: null,
  timeoutMs: 1_000,
  retry: { maxAttempts: 1, initialDelayMs: 1, factor: 1, maxDelayMs: 1, broughtBackBy: 'ledger' },
});

let server: TestRedis;
let fixture: QueueFixture;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await startTestRedis();
});
beforeEach(async () => {
  fixture = await createFixture(server.url);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await fixture.close();
});
afterAll(() => server.stop());

function every(everyMs: number, id = 'tick'): JobSchedule {
  return defineSchedule({ id, job: tick, payload: {}, everyMs });
}

function keep(schedules: readonly JobSchedule[], checkEveryMs = 60_000): ScheduleKeeper {
  const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  const keeper = keepSchedules({
    connection: fixture.redis,
    prefix: fixture.prefix,
    queue: 'tick',
    schedules,
    log,
    clock,
    checkEveryMs,
  });
  closers.push(() => keeper.close());
  return keeper;
}

/** Runs the ticks in this process, and says when each started. */
function startTicking(): readonly number[] {
  const startedAtMs: number[] = [];
  const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  const handlers: Handlers<typeof tick, 'tick'> = {
    tick: async () => {
      startedAtMs.push(clock.now());
      return null;
    },
  };
  const ticking = processJobs({
    connection: fixture.connect('patient'),
    prefix: fixture.prefix,
    queue: 'tick',
    jobs: { tick },
    handlers,
    concurrency: 1,
    log,
    clock,
    redact: (text) => text,
    metrics: createJobMetrics(fixture.metrics, {}),
    random: () => 0,
  });
  closers.push(() => ticking.close(0));
  return startedAtMs;
}

async function scheduled(): Promise<Record<string, number | undefined>> {
  const queue = openQueue('tick', fixture.redis, fixture.prefix);
  const schedulers = await queue.getJobSchedulers(0, -1);
  await queue.close();
  return Object.fromEntries(schedulers.map((scheduler) => [scheduler.key, scheduler.every]));
}

test('several replicas make one chain of jobs, on time', async () => {
  fixture.metrics.clear();
  const startedAtMs = startTicking();
  await Promise.all([keep([every(200)]), keep([every(200)]), keep([every(200)])].map((k) => k.reconcile()));

  await eventually(async () => startedAtMs.length >= 8);

  const spanMs = (startedAtMs[7] ?? 0) - (startedAtMs[0] ?? 0);
  expect(spanMs).toBeGreaterThan(1_000);
  expect(spanMs).toBeLessThan(2_500);
});

test('what is not listed any more is removed, and a changed period is taken over', async () => {
  await keep([every(1_000), every(2_000, 'old')]).reconcile();
  expect(await scheduled()).toEqual({ tick: 1_000, old: 2_000 });

  await keep([every(3_000)]).reconcile();

  expect(await scheduled()).toEqual({ tick: 3_000 });
});

test('what a newer release has set stays as it is', async () => {
  const queue = openQueue('tick', fixture.redis, fixture.prefix);
  closers.push(() => queue.close());
  const v = LEDGER_SCHEMA + 1;
  const ofTomorrow = { name: 'dance', data: { v, version: 1, payload: {} } };
  await queue.upsertJobScheduler('dance', { every: 2_000 }, ofTomorrow);
  await queue.upsertJobScheduler('tick', { every: 1_000 }, { ...ofTomorrow, name: 'tick' });

  await keep([every(1_000)]).reconcile();

  const found = await queue.getJobSchedulers(0, -1);
  expect(found.map(({ key }) => key).toSorted()).toEqual(['dance', 'tick']);
  expect(found.map(({ template }) => template?.data)).toEqual([ofTomorrow.data, ofTomorrow.data]);
});

test('looking again changes nothing', async () => {
  const keeper = keep([every(60_000)]);
  await keeper.reconcile();
  const before = await fixture.redis.dbsize();

  await keeper.reconcile();

  expect(await fixture.redis.dbsize()).toBe(before);
});

test('after Redis was emptied the schedule is back by itself', async () => {
  fixture.metrics.clear();
  const startedAtMs = startTicking();
  keep([every(100)], 200);
  await eventually(async () => startedAtMs.length >= 2);

  await fixture.redis.flushall();
  const before = startedAtMs.length;

  await expect(eventually(async () => startedAtMs.length >= before + 3)).resolves.toBe(true);
});

test('a chain that broke is started again', async () => {
  const keeper = keep([every(100)]);
  await keeper.reconcile();
  const prefix = `{${fixture.prefix}}:queue:tick`;
  // As after a rollback: the schedule is there, its next run is long past, and no job holds it.
  await fixture.redis.zadd(`${prefix}:repeat`, clock.now() - 60_000, 'tick');
  await fixture.redis.del(`${prefix}:wait`, `${prefix}:delayed`);
  fixture.metrics.clear();
  const startedAtMs = startTicking();

  await keeper.reconcile();

  await expect(eventually(async () => startedAtMs.length >= 2)).resolves.toBe(true);
});

test('while Redis is away the keeper goes on trying without a crash', async () => {
  const first = await startRedis();
  const own = await createFixture(first.url);
  const lines: string[] = [];
  const log = {
    debug() {},
    info: (_: object, message: string) => void lines.push(message),
    warn: (_: object, message: string) => void lines.push(message),
    error: (_: object, message: string) => void lines.push(message),
    child: () => log,
  };
  await first.stop();
  await eventually(async () => own.redis.status !== 'ready');
  const keeper = keepSchedules({
    connection: own.redis,
    prefix: own.prefix,
    queue: 'tick',
    schedules: [every(1_000)],
    log,
    clock,
    checkEveryMs: 50,
  });
  await eventually(async () => lines.includes('schedules cannot be checked'));

  const second = await startRedis({ port: first.port });
  await eventually(async () => lines.includes('schedules are kept again'));

  expect(lines).toEqual(['schedules cannot be checked', 'schedule set', 'schedules are kept again']);
  await keeper.close();
  await own.close();
  await second.stop();
});

test('a next run that a process dated 20 min ahead is brought back, and one whose clock is wrong sets nothing', async () => {
  const queue = openQueue('tick', fixture.redis, fixture.prefix);
  const farMs = clock.now() + 20 * 60_000;
  await queue.upsertJobScheduler('tick', { every: 1_000, startDate: farMs }, { name: 'tick' });
  const next = async (): Promise<number> => (await queue.getJobSchedulers(0, -1))[0]?.next ?? 0;
  expect(await next()).toBeGreaterThan(clock.now() + 15 * 60_000);
  const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  const shared = { connection: fixture.redis, prefix: fixture.prefix, queue: 'tick', log, clock } as const;

  const wrong = keepSchedules({
    ...shared,
    schedules: [every(1_000)],
    mayDate: () => false,
    checkEveryMs: 20,
  });
  closers.push(() => wrong.close());
  await clock.sleep(200);
  expect(await next()).toBeGreaterThan(clock.now() + 15 * 60_000);
  await keep([every(1_000)]).reconcile();

  expect(await next()).toBeLessThan(clock.now() + 5_000);
  await queue.close();
});
