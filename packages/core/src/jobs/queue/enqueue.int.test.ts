import { IS_OPERATOR, startTestRedis, type TestRedis } from '@muster/testing/test-redis';
import { startRedis } from '@muster/testing/redis-server';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { isJobError, JobError } from '../../runtime/errors.ts';
import { createJobQueue } from './enqueue.ts';
import { clock, createFixture, eventually, type QueueFixture, settled, work } from './queue-fixture.ts';

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

async function discovery() {
  return (await fixture.jobQueue.counts()).discovery;
}

test('a job that waits already is not added again', async () => {
  await fixture.jobQueue.enqueue(work, a);
  await fixture.jobQueue.enqueue(work, a);
  await fixture.jobQueue.enqueueMany(work, [a, { target: 'b' }, a]);

  expect(await discovery()).toMatchObject({ waiting: 2 });
});

test('a job that runs is not added again, and one that ended is, while its history stays visible', async () => {
  const running = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  let runs = 0;
  fixture.start(async () => {
    runs += 1;
    running.resolve();
    await finish.promise;
    return { seen: runs };
  });

  await fixture.jobQueue.enqueue(work, a);
  await running.promise;
  await fixture.jobQueue.enqueue(work, a);
  expect(await discovery()).toMatchObject({ active: 1, waiting: 0, delayed: 0 });
  finish.resolve();
  await settled(fixture, 'a', 'completed');
  await fixture.jobQueue.enqueue(work, a);
  await eventually(async () => (await discovery()).completed === 2);

  expect(runs).toBe(2);
});

test('a job that delayed itself is not added again', async () => {
  fixture.start(() =>
    Promise.reject(new JobError('aws.throttled', 'slow down', { retry: { afterMs: 60_000 } })),
  );
  await fixture.jobQueue.enqueue(work, a);
  await settled(fixture, 'a', 'delayed');

  await fixture.jobQueue.enqueue(work, a);

  expect(await discovery()).toMatchObject({ delayed: 1, waiting: 0, active: 0 });
});

test('a job that failed for good can be added again', async () => {
  fixture.start(() => Promise.reject(new Error('broken')));
  await fixture.jobQueue.enqueue(work, a);
  await eventually(async () => (await discovery()).failed === 1);

  await fixture.jobQueue.enqueue(work, a);

  await expect(eventually(async () => (await discovery()).failed === 2)).resolves.toBe(true);
});

test.skipIf(!IS_OPERATOR)('a job can be added again after Redis was emptied', async () => {
  await fixture.jobQueue.enqueue(work, a);
  await fixture.redis.flushall();

  await fixture.jobQueue.enqueue(work, a);

  expect(await discovery()).toMatchObject({ waiting: 1 });
});

test('a dedupe key whose job is gone does not block its successor', async () => {
  await fixture.jobQueue.enqueue(work, a);
  const id = await fixture.redis.get(`{${fixture.prefix}}:queue:discovery:de:work.a`);
  await fixture.redis.del(`{${fixture.prefix}}:queue:discovery:${id}`);
  await fixture.redis.del(`{${fixture.prefix}}:queue:discovery:wait`);

  await fixture.jobQueue.enqueue(work, a);

  expect(await discovery()).toMatchObject({ waiting: 1 });
});

test('a job that is to be first goes ahead of all that waits', async () => {
  const order: string[] = [];
  await fixture.jobQueue.enqueueMany(work, [a, { target: 'b' }]);
  await fixture.jobQueue.enqueueMany(work, [{ target: 'c' }], { first: true });

  fixture.start(
    async ({ target }) => {
      order.push(target);
      return { seen: 0 };
    },
    { concurrency: 1 },
  );

  await eventually(async () => (await discovery()).completed === 3);
  expect(order).toEqual(['c', 'a', 'b']);
});

test('a long list arrives whole, without holding the event loop', async () => {
  const payloads = Array.from({ length: 10_000 }, (_, at) => ({ target: `t-${at}` }));
  const startedAtMs = performance.now();
  let lastTurnAtMs = startedAtMs;
  let longestHoldMs = 0;
  const turns = setInterval(() => {
    longestHoldMs = Math.max(longestHoldMs, performance.now() - lastTurnAtMs);
    lastTurnAtMs = performance.now();
  }, 0);

  await fixture.jobQueue.enqueueMany(work, payloads);
  const tookMs = performance.now() - startedAtMs;
  longestHoldMs = Math.max(longestHoldMs, performance.now() - lastTurnAtMs);
  clearInterval(turns);

  expect(await discovery()).toMatchObject({ waiting: 10_000 });
  expect(longestHoldMs).toBeLessThan(tookMs / 3);
});

test('a payload that does not fit is refused before anything is sent', async () => {
  const wrong = { target: 5 } as unknown as typeof a;

  await expect(fixture.jobQueue.enqueue(work, wrong)).rejects.toSatisfy((error) =>
    isJobError(error, 'payload.invalid'),
  );
  await expect(fixture.jobQueue.enqueueMany(work, [a, wrong])).rejects.toSatisfy((error) =>
    isJobError(error, 'payload.invalid'),
  );

  expect(await discovery()).toMatchObject({ waiting: 0 });
});

test('while Redis is away a producer is refused at once, and served again when it is back', async () => {
  const first = await startRedis();
  const own = await createFixture(first);
  await first.stop();
  const startedAtMs = clock.now();

  await expect(own.jobQueue.enqueue(work, a)).rejects.toSatisfy((error) =>
    isJobError(error, 'ledger.unavailable'),
  );
  await expect(own.jobQueue.counts()).rejects.toSatisfy((error) => isJobError(error, 'ledger.unavailable'));
  expect(clock.now() - startedAtMs).toBeLessThan(1_000);

  const second = await startRedis({ port: first.port });
  await eventually(async () => own.redis.status === 'ready');
  await own.jobQueue.enqueue(work, a);
  expect((await own.jobQueue.counts()).discovery.waiting).toBe(1);
  await own.close();
  await second.stop();
});

test('a queue made while Redis is away works when it comes', async () => {
  const first = await startRedis();
  await first.stop();
  const redis = fixture.connect('fail-fast', first);
  const jobQueue = createJobQueue({ connection: redis, prefix: fixture.prefix });
  await expect(jobQueue.enqueue(work, a)).rejects.toSatisfy((error) =>
    isJobError(error, 'ledger.unavailable'),
  );

  const second = await startRedis({ port: first.port });
  await eventually(async () => redis.status === 'ready');

  await jobQueue.enqueue(work, a);
  expect((await jobQueue.counts()).discovery.waiting).toBe(1);
  await jobQueue.close();
  await second.stop();
});

test('a full Redis is unavailable, not a crash', async () => {
  const full = await startRedis();
  const own = await createFixture(full);
  await own.redis.config('SET', 'maxmemory', '1');

  await expect(own.jobQueue.enqueue(work, a)).rejects.toSatisfy((error) =>
    isJobError(error, 'ledger.unavailable'),
  );

  await own.redis.config('SET', 'maxmemory', '0');
  await own.jobQueue.enqueue(work, a);
  await own.close();
  await full.stop();
});

test('a queue tells since when the job waits that it gives out next', async () => {
  const redis = fixture.connect('fail-fast');
  await eventually(async () => redis.status === 'ready');
  let nowMs = 1_000_000;
  const jobQueue = createJobQueue({
    connection: redis,
    prefix: fixture.prefix,
    clock: { now: () => nowMs },
  });
  expect((await jobQueue.waitingSinceMs()).discovery).toBeNull();

  await jobQueue.enqueue(work, a);
  nowMs += 60_000;
  await jobQueue.enqueueMany(work, [a, { target: 'b' }]);

  expect(await jobQueue.waitingSinceMs()).toEqual({
    discovery: 1_000_000,
    enrollment: null,
    inventory: null,
    notifications: null,
  });
  await jobQueue.close();
});

test.skipIf(!IS_OPERATOR)('a waiting job that is no JSON hides nothing but itself', async () => {
  await fixture.jobQueue.enqueue(work, a);
  const [key = ''] = await fixture.redis.keys(`*${fixture.prefix}*:discovery:a.*`);
  await fixture.redis.hset(key, 'data', '{');

  expect((await fixture.jobQueue.waitingSinceMs()).discovery).toBeNull();
});
