import { startTestRedis, type TestRedis } from '@muster/testing/test-redis';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { boardQueues, bullPrefix } from './enqueue.ts';
import { clock, createFixture, eventually, type QueueFixture, settled, work } from './queue-fixture.ts';

/** Jobs that another client of Redis wrote past Muster, and jobs damaged in a copy. */
let server: TestRedis;
let fixture: QueueFixture;
let base: string;

beforeAll(async () => {
  server = await startTestRedis();
});
beforeEach(async () => {
  fixture = await createFixture(server);
  base = `${bullPrefix(fixture.prefix)}:discovery`;
});
afterEach(() => fixture.close());
afterAll(() => server.stop());

async function add(name: string): Promise<void> {
  const queue = new Queue('discovery', { connection: fixture.redis, prefix: bullPrefix(fixture.prefix) });
  await queue.add(name, { version: 2, payload: { target: 'bad' } }, { jobId: 'bad.1', attempts: 5 });
  await queue.close();
}

/** How many lines of each level were written; those that only a debugging eye asks for do not count. */
function lines(): readonly string[] {
  return fixture.lines
    .filter(({ level }) => level === 'error' || level === 'warn')
    .map(({ message }) => message);
}

async function isNowhere(): Promise<boolean> {
  const lists = await Promise.all(
    ['wait', 'active'].map((name) => fixture.redis.lrange(`${base}:${name}`, 0, -1)),
  );
  return lists.flat().length === 0;
}

async function start(): Promise<{ runs: () => number }> {
  let runs = 0;
  fixture.start(
    async () => {
      runs += 1;
      return { seen: 1 };
    },
    { lockDurationMs: 1_000, stalledIntervalMs: 300 },
  );
  return { runs: () => runs };
}

test.each([
  ['opts', '{"attempts":'],
  ['progress', 'half'],
  ['parent', '{'],
])(
  'a job whose field %s is no JSON is removed, once, with one line, and others go on',
  async (field, text) => {
    await add('work');
    await fixture.redis.hset(`${base}:bad.1`, field, text);
    await fixture.jobQueue.enqueue(work, { target: 'good' });
    const { runs } = await start();

    // What cannot be parsed cannot be listed either.
    await eventually(isNowhere);
    await settled(fixture, 'good', 'completed');

    expect(await fixture.redis.exists(`${base}:bad.1`)).toBe(0);
    expect(lines()).toEqual(['jobs that cannot be read were removed']);
    expect(runs()).toBe(1);
  },
);

test('an id without a job behind it is removed, and others go on', async () => {
  await fixture.redis.lpush(`${base}:wait`, 'nothing.1');
  await fixture.jobQueue.enqueue(work, { target: 'good' });
  const { runs } = await start();

  await settled(fixture, 'good', 'completed');
  await eventually(isNowhere);

  expect(runs()).toBe(1);
});

test('a job whose data is no JSON fails once, with one line, and can be looked at', async () => {
  await add('work');
  await fixture.redis.hset(`${base}:bad.1`, 'data', '{"version":2,');
  const { runs } = await start();

  await eventually(isNowhere);
  const job = await settled(fixture, 'bad', 'failed');

  expect(job).toMatchObject({ attemptsMade: 1 });
  expect(job.failedReason).toContain('payload.invalid');
  expect(lines()).toEqual(['job failed']);
  expect(runs()).toBe(0);
  const boards = boardQueues(fixture.redis, fixture.prefix);
  const listed = await Promise.all(boards.map((board) => board.getJobs()));
  expect(listed.flat()).toHaveLength(1);
  await Promise.all(boards.map((board) => board.close()));
});

test('a job with a name of 200,000 letters fails at once, with one short line, and holds nothing up', async () => {
  await add('x'.repeat(200_000));
  const startedAtMs = clock.now();
  await start();

  const job = await settled(fixture, 'bad', 'failed');

  expect(clock.now() - startedAtMs).toBeLessThan(3_000);
  expect(job.failedReason?.length).toBeLessThan(300);
  expect(lines()).toEqual(['job failed']);
  expect(JSON.stringify(fixture.lines).length).toBeLessThan(10_000);
});

test('a payload with keys of any length fails without repeating them', async () => {
  const queue = new Queue('discovery', { connection: fixture.redis, prefix: bullPrefix(fixture.prefix) });
  await queue.add(
    'work',
    { version: 2, payload: { target: 'bad', ['y'.repeat(100_000)]: 1 } },
    { jobId: 'bad.1' },
  );
  await queue.close();
  await start();

  const job = await settled(fixture, 'bad', 'failed');

  expect(job.failedReason).toContain('one key too many');
  expect(job.failedReason?.length).toBeLessThan(300);
});
