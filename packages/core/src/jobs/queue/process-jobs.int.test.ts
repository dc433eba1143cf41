import { IS_OPERATOR, startTestRedis, type TestRedis } from '@muster/testing/test-redis';
import { startRedis } from '@muster/testing/redis-server';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { LEDGER_SCHEMA } from '../../control/installation.ts';
import { JobError } from '../../runtime/errors.ts';
import type { JobContext } from '../define-job.ts';
import { bullPrefix } from './enqueue.ts';
import {
  clock,
  createFixture,
  dueWork,
  eventually,
  type QueueFixture,
  settled,
  work,
} from './queue-fixture.ts';

let server: TestRedis;
let fixture: QueueFixture;

beforeAll(async () => {
  server = await startTestRedis();
});
beforeEach(async () => {
  fixture = await createFixture(server);
});
afterEach(() => fixture.close());
afterAll(() => server.stop());

const a = { target: 'a' };
const done = { seen: 3 } as const;

function messages(level: string): string[] {
  return fixture.lines.filter((line) => line.level === level).map((line) => line.message);
}

/** Rejects with the reason when aborted, as every well-behaved await does. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}

async function rawQueue<T>(use: (queue: Queue) => Promise<T>): Promise<T> {
  const queue = new Queue('discovery', { connection: fixture.redis, prefix: bullPrefix(fixture.prefix) });
  const answer = await use(queue);
  await queue.close();
  return answer;
}

/** BullMQ's own fields of a job. */
function hashOf(id: string): string {
  return `${bullPrefix(fixture.prefix)}:discovery:${id}`;
}

test('a done job keeps its result, and says so in one line', async () => {
  fixture.start(async (payload) => ({ seen: payload.target.length }));

  await fixture.jobQueue.enqueue(work, a);
  const job = await settled(fixture, 'a', 'completed');

  expect(job.returned).toEqual({ seen: 1 });
  expect(messages('info')).toEqual(['job done']);
  expect(fixture.lines.at(-1)?.fields).toMatchObject({
    queue: 'discovery',
    job: 'work',
    jobId: expect.stringMatching(/^a\.[0-9a-f]{12}$/) as string,
    attempt: 1,
    durationMs: expect.any(Number) as number,
  });
});

test('an end that is routine is logged only where every detail is asked for', async () => {
  fixture.start(async () => ({ seen: 0 }));

  await fixture.jobQueue.enqueue(work, a);
  await settled(fixture, 'a', 'completed');

  expect(messages('info')).toEqual([]);
  expect(messages('debug')).toContain('job done');
});

test('a job whose handler throws has failed, and the queue does not try it again', async () => {
  const attempts: number[] = [];
  fixture.start(async (_payload, { attempt }) => {
    attempts.push(attempt);
    throw new JobError('aws.unavailable', 'SSM did not answer', { retry: 'backoff' });
  });

  await fixture.jobQueue.enqueue(work, a);
  const job = await settled(fixture, 'a', 'failed');

  expect(attempts).toEqual([1]);
  expect(job.failedReason).toBe('aws.unavailable: SSM did not answer');
  expect(messages('warn')).toEqual(['job failed']);
  expect(messages('error')).toEqual([]);
});

test('work that is due in the ledger leaves the queue when an error says when: newer hints are not kept away', async () => {
  let runs = 0;
  fixture.start(
    async () => {
      runs += 1;
      if (runs > 1) return done;
      throw new JobError('aws.throttled', 'slow down', { retry: { afterMs: 60_000 } });
    },
    { jobs: { work: dueWork } },
  );

  await fixture.jobQueue.enqueue(work, a);
  const job = await settled(fixture, 'a', 'completed');
  await fixture.jobQueue.enqueue(work, a);

  await expect(eventually(async () => runs === 2)).resolves.toBe(true);
  expect(job.returned).toEqual({ postponed: 'aws.throttled: slow down' });
  expect([...messages('warn'), ...messages('error')]).toEqual([]);
  const text = await fixture.metrics.metrics();
  expect(text).toContain('muster_job_duration_seconds_count{queue="discovery",job="work",end="postponed"} 1');
});

test('an error that says when is tried again then, without spending an attempt', async () => {
  const attempts: number[] = [];
  const startedAtMs: number[] = [];
  fixture.start(async (_payload, { attempt }) => {
    attempts.push(attempt);
    startedAtMs.push(clock.now());
    if (attempts.length < 5) throw new JobError('aws.throttled', 'slow down', { retry: { afterMs: 60 } });
    return done;
  });

  await fixture.jobQueue.enqueue(work, a);
  await settled(fixture, 'a', 'completed');

  expect(attempts).toEqual([1, 1, 1, 1, 1]);
  expect((startedAtMs[4] ?? 0) - (startedAtMs[0] ?? 0)).toBeGreaterThanOrEqual(240);
});

test('an error without a class is loud', async () => {
  fixture.start(() => Promise.reject(new TypeError('undefined is not a function')));

  await fixture.jobQueue.enqueue(work, a);
  await settled(fixture, 'a', 'failed');

  expect(fixture.lines.find((line) => line.level === 'error')?.fields).toMatchObject({ code: 'bug.unknown' });
});

test('what a failed job keeps in Redis is redacted, stack included', async () => {
  fixture.start(() => Promise.reject(new Error('Credential AKIAIOSFODNN7EXAMPLE is not valid')));

  await fixture.jobQueue.enqueue(work, a);
  const job = await settled(fixture, 'a', 'failed');

  expect(job.failedReason).toBe('bug.unknown: Credential AKIA[redacted] is not valid');
  expect(job.stacktrace.join('\n')).toContain('process-jobs.int.test.ts');
  expect(job.stacktrace.join('\n')).not.toContain('IOSFODNN7EXAMPLE');
});

test.each([
  ['of an unknown name', 'dance', { version: 1, payload: a }, 'no job of this release'],
  ['whose payload does not fit', 'work', { version: 2, payload: { target: 5 } }, 'does not fit'],
  ['without an envelope', 'work', a, 'not in an envelope'],
])('a job %s is failed loudly and at once', async (_what, name, data, reason) => {
  let called = false;
  fixture.start(async () => {
    called = true;
    return done;
  });

  await rawQueue((queue) => queue.add(name, data, { jobId: 'a.1', attempts: 5 }));
  const job = await settled(fixture, 'a', 'failed');

  expect(called).toBe(false);
  expect(job).toMatchObject({ attemptsMade: 1 });
  expect(job.failedReason).toContain('payload.invalid: ');
  expect(job.failedReason).toContain(reason);
  expect(messages('error')).toEqual(['job failed']);
});

test.each([
  ['of a higher version', 'work', { version: 3, payload: a }],
  [
    'whose payload has become another',
    'work',
    { v: LEDGER_SCHEMA + 1, version: 2, payload: { targets: ['a'] } },
  ],
  ['that this release does not know', 'dance', { v: LEDGER_SCHEMA + 1, version: 1, payload: a }],
])(
  'a job of a newer release %s is put back for a process of that release, with one line',
  async (_what, name, data) => {
    let called = false;
    const told: string[] = [];
    const handler = async (): Promise<typeof done> => {
      called = true;
      return done;
    };
    fixture.start(handler, { onLeftBehind: (job) => told.push(job) });

    await rawQueue((queue) => queue.add(name, data, { jobId: 'a.1', attempts: 1 }));
    await eventually(async () => Number(await fixture.redis.hget(hashOf('a.1'), 'ats')) >= 4);
    const job = await settled(fixture, 'a', 'delayed');

    expect(called).toBe(false);
    // One of its processes may still come.
    expect(told).toEqual([]);
    expect(job).toMatchObject({ attemptsMade: 0 });
    expect(messages('warn')).toEqual(['job left to a newer release']);
    expect(messages('error')).toEqual([]);
    expect(JSON.parse((await fixture.redis.hget(hashOf('a.1'), 'data')) ?? '')).toEqual(data);
    // Twice as long each time: no queue spins where no such process runs.
    expect(Number(await fixture.redis.hget(hashOf('a.1'), 'delay'))).toBeGreaterThan(1_500);
  },
);

test('a job of a newer release that none of its processes takes fails after an hour of delays', async () => {
  fixture.start(async () => done);

  await rawQueue(async (queue) => {
    await queue.add('work', { version: 3, payload: a }, { jobId: 'a.1', delay: 600_000 });
    await fixture.redis.hset(hashOf('a.1'), 'ats', 67);
    await (await queue.getJob('a.1'))?.promote();
  });
  const job = await settled(fixture, 'a', 'failed');

  expect(job.failedReason).toContain('has version 3; this release reads up to 2');
});

test('a job of a newer release that the ledger makes due is given back to the ledger when none takes it', async () => {
  const told: string[] = [];
  fixture.start(async () => done, { jobs: { work: dueWork }, onLeftBehind: (job) => told.push(job) });

  await rawQueue(async (queue) => {
    await queue.add('work', { version: 3, payload: a }, { jobId: 'a.1', delay: 600_000 });
    await fixture.redis.hset(hashOf('a.1'), 'ats', 8);
    await (await queue.getJob('a.1'))?.promote();
  });
  const job = await settled(fixture, 'a', 'completed');

  expect(job.returned).toEqual({ postponed: 'a newer release wrote it, and none of its processes took it' });
  expect(told).toEqual(['work']);
});

test('fields of a newer release beside those of the envelope are passed over', async () => {
  fixture.start(async () => done);

  await rawQueue((queue) =>
    queue.add('work', { v: 99, version: 2, payload: a, trace: 'x' }, { jobId: 'a.1' }),
  );

  await expect(settled(fixture, 'a', 'completed')).resolves.toMatchObject({ returned: { seen: 3 } });
});

test('a job of the version before is still read', async () => {
  fixture.start(async () => done);

  await rawQueue((queue) => queue.add('work', { version: 1, payload: a }, { jobId: 'a.1' }));

  await expect(settled(fixture, 'a', 'completed')).resolves.toMatchObject({ returned: { seen: 3 } });
});

test('a job that runs longer than it may is aborted, and the attempt has failed', async () => {
  const reasons: unknown[] = [];
  fixture.start((_payload, { signal }) =>
    untilAborted(signal).catch((error: unknown) => {
      reasons.push(error);
      throw error;
    }),
  );

  await fixture.jobQueue.enqueue(work, a);
  const job = await settled(fixture, 'a', 'failed');

  expect(reasons).toEqual([expect.objectContaining({ name: 'TimeoutError' })]);
  expect(job).toMatchObject({
    attemptsMade: 1,
    failedReason: 'bug.unknown: work did not end within 1500 ms',
  });
});

test('a handler that ignores its signal does not hold its place for ever', async () => {
  const hasty = { ...clock, after: (ms: number, action: () => void) => clock.after(ms / 50, action) };
  fixture.start(
    (payload) => (payload.target === 'a' ? new Promise(() => undefined) : Promise.resolve(done)),
    {
      concurrency: 1,
      clock: hasty,
    },
  );

  await fixture.jobQueue.enqueueMany(work, [a, { target: 'b' }]);
  await settled(fixture, 'a', 'failed');
  await settled(fixture, 'b', 'completed');

  expect(messages('error')).toContain('handler ignores its signal and is left behind');
});

test('a result of another shape is reported and not stored, and fails nothing', async () => {
  fixture.start(async () => ({ seen: 'many' }) as unknown as typeof done);

  await fixture.jobQueue.enqueue(work, a);
  const job = await settled(fixture, 'a', 'completed');

  expect(job.returned).toBeNull();
  expect(messages('error')).toEqual(['job result does not fit its contract']);
});

test('closing waits for jobs under way and takes no new ones', async () => {
  const running = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const process = fixture.start(async (payload) => {
    if (payload.target === 'a') running.resolve();
    await finish.promise;
    return done;
  });
  await fixture.jobQueue.enqueue(work, a);
  await running.promise;

  const closing = process.close(10_000);
  await fixture.jobQueue.enqueue(work, { target: 'b' });
  finish.resolve();
  await closing;

  expect(await fixture.find('a')).toMatchObject({ state: 'completed' });
  expect(await fixture.find('b')).toMatchObject({ state: 'waiting' });
  expect(process.running()).toBe(0);
});

test('at the deadline jobs go back to the queue, cost no attempt, and another worker has them at once', async () => {
  const running = Promise.withResolvers<JobContext>();
  const process = fixture.start((_payload, context) => {
    running.resolve(context);
    return untilAborted(context.signal);
  });
  await fixture.jobQueue.enqueue(work, a);
  await running.promise;

  const startedAtMs = clock.now();
  await process.close(200);
  const closedAtMs = clock.now();
  const attempts: number[] = [];
  fixture.start(async (_payload, { attempt }) => {
    attempts.push(attempt);
    return done;
  });
  await settled(fixture, 'a', 'completed');

  expect(closedAtMs - startedAtMs).toBeLessThan(1_200);
  expect(clock.now() - closedAtMs).toBeLessThan(2_000);
  expect(attempts).toEqual([1]);
  expect(messages('info')).toContain('job returned to the queue');
});

test('closing does not wait for a handler that ignores its signal, and its job is taken over', async () => {
  const running = Promise.withResolvers<void>();
  const process = fixture.start(
    () => {
      running.resolve();
      return new Promise(() => undefined);
    },
    { lockDurationMs: 1_000, stalledIntervalMs: 400 },
  );
  await fixture.jobQueue.enqueue(work, a);
  await running.promise;

  await process.close(100);
  fixture.start(async () => done, { lockDurationMs: 1_000, stalledIntervalMs: 400 });

  await expect(settled(fixture, 'a', 'completed')).resolves.toMatchObject({ attemptsMade: 1 });
  expect(messages('warn')).toContain('jobs left behind at close');
});

test('a handler whose job was given to another worker is aborted, and leaves the job alone', async () => {
  const running = Promise.withResolvers<void>();
  let runs = 0;
  const ended = Promise.withResolvers<unknown>();
  fixture.start(
    async (_payload, { signal }) => {
      runs += 1;
      if (runs > 1) return done;
      running.resolve();
      return untilAborted(signal).catch((error: unknown) => {
        ended.resolve(error);
        throw error;
      });
    },
    { lockDurationMs: 600, stalledIntervalMs: 300 },
  );
  await fixture.jobQueue.enqueue(work, a);
  await running.promise;

  const id = await fixture.redis.get(`{${fixture.prefix}}:queue:discovery:de:work.a`);
  await fixture.redis.set(`{${fixture.prefix}}:queue:discovery:${id}:lock`, 'another-worker', 'PX', 900);

  expect(await ended.promise).toMatchObject({ message: 'another worker has this job now' });
  const job = await settled(fixture, 'a', 'completed');
  expect(job).toMatchObject({ attemptsMade: 1, returned: { seen: 3 } });
  expect(messages('warn')).toContain('job lost to another worker, or gone from redis');
  expect(messages('error')).toEqual([]);
});

test.skipIf(!IS_OPERATOR)(
  'a job whose Redis was emptied under it ends without a sound of failure',
  async () => {
    const running = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const process = fixture.start(async () => {
      running.resolve();
      await finish.promise;
      throw new JobError('aws.throttled', 'slow down', { retry: { afterMs: 60_000 } });
    });
    await fixture.jobQueue.enqueue(work, a);
    await running.promise;

    await fixture.redis.flushall();
    finish.resolve();
    await eventually(async () => process.running() === 0);
    await fixture.jobQueue.enqueue(work, { target: 'b' });
    await settled(fixture, 'b', 'delayed');

    expect(messages('error')).toEqual([]);
    expect(await fixture.find('a')).toBeNull();
  },
);

test('a worker waits for a Redis that is not there yet, and closes while it is away', async () => {
  const first = await startRedis();
  await first.stop();
  const connection = fixture.connect('patient', first);
  const process = fixture.start(async () => done, { connection });

  const startedAtMs = clock.now();
  await process.close(5_000);

  expect(clock.now() - startedAtMs).toBeLessThan(4_000);
});

test.skipIf(!IS_OPERATOR)(
  'a full Redis is not asked again and again, nor told of without end, and work goes on when there is room',
  async () => {
    const scripts = async (): Promise<number> => {
      const stats = await fixture.redis.info('commandstats');
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    // Waiting jobs, and no worker to take them before Redis is full.
    await fixture.jobQueue.enqueueMany(work, [a, { target: 'b' }, { target: 'c' }]);
    await fixture.redis.config('SET', 'maxmemory', '100');
    fixture.start(async () => done);
    try {
      await clock.sleep(1_500);
      const before = await scripts();
      await clock.sleep(2_000);

      expect((await scripts()) - before).toBeLessThan(40);
      expect(messages('warn').length).toBeLessThan(10);
    } finally {
      await fixture.redis.config('SET', 'maxmemory', '0');
    }
    await settled(fixture, 'c', 'completed');
  },
);

test.skipIf(!IS_OPERATOR)('a handler whose write a full Redis refuses is no bug of ours', async () => {
  fixture.start(async () => {
    await fixture.redis.config('SET', 'maxmemory', '100');
    try {
      await fixture.redis.set(`{${fixture.prefix}}:a`, '1');
    } finally {
      await fixture.redis.config('SET', 'maxmemory', '0');
    }
    return done;
  });

  await fixture.jobQueue.enqueue(work, a);
  const job = await settled(fixture, 'a', 'failed');

  expect(job.failedReason).toMatch(/^ledger\.unavailable: OOM /);
  expect(messages('error')).toEqual([]);
});

test('every run is counted by how it ended', async () => {
  let runs = 0;
  fixture.start(async () => {
    runs += 1;
    if (runs === 1) throw new JobError('aws.throttled', 'slow down', { retry: { afterMs: 0 } });
    return done;
  });

  await fixture.jobQueue.enqueue(work, a);
  await settled(fixture, 'a', 'completed');
  const text = await fixture.metrics.metrics();

  expect(text).toContain('muster_job_duration_seconds_count{queue="discovery",job="work",end="postponed"} 1');
  expect(text).toContain('muster_job_duration_seconds_count{queue="discovery",job="work",end="done"} 1');
  expect(text).toContain('muster_job_wait_seconds_count{queue="discovery",job="work"} 1');
  expect(text).toContain('muster_jobs_running{queue="discovery",job="work"} 0');
});
