import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RedisServer, startRedis } from '@muster/testing/redis-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clock, createFixture, eventually, type QueueFixture, settled, work } from './queue-fixture.ts';

let server: RedisServer;
let fixture: QueueFixture;
let dir: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-redelivery-'));
  server = await startRedis({ dir });
  fixture = await createFixture(server);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await fixture.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

const a = { target: 'a' };
const done = { seen: 1 } as const;

/** A process that has taken the job on `a` and hangs in it. */
async function hangingWorker(): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./hanging-worker.fixture.ts', import.meta.url));
  const child = spawn(process.execPath, [script, server.url, fixture.prefix], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await eventually(async () => output.includes('took a'));
  return child;
}

test('the job of a killed worker is run by another within 14 s, as its first attempt, and blocks its like until then', async () => {
  await fixture.jobQueue.enqueue(work, a);
  const child = await hangingWorker();
  let attempt = 0;
  fixture.start(async (_payload, context) => {
    attempt = context.attempt;
    return done;
  });

  child.kill('SIGKILL');
  await once(child, 'exit');
  const killedAtMs = clock.now();
  await fixture.jobQueue.enqueue(work, a);
  const { discovery } = await fixture.jobQueue.counts();
  await settled(fixture, 'a', 'completed');

  expect(discovery).toMatchObject({ active: 1, waiting: 0 });
  expect(clock.now() - killedAtMs).toBeLessThan(15_000);
  expect(attempt).toBe(1);
  expect((await fixture.jobQueue.counts()).discovery).toMatchObject({ completed: 1, waiting: 0, failed: 0 });
  expect(fixture.lines.map((line) => line.message)).toContain(
    'job taken back from a worker that died or froze',
  );
  expect(await fixture.metrics.metrics()).toContain('muster_jobs_stalled_total{queue="discovery"} 1');
});

test('work of the ledger that is given while its like lies with a killed worker is run once more after it, never beside it', async () => {
  const ofLedger = { ...work, due: { kind: 'scan', memberOf: () => 'a', payloadOf: () => a } };
  await fixture.jobQueue.enqueue(ofLedger, a);
  const child = await hangingWorker();
  child.kill('SIGKILL');
  await once(child, 'exit');
  await fixture.jobQueue.enqueue(ofLedger, a);
  await fixture.jobQueue.enqueue(ofLedger, a);
  let [running, most] = [0, 0];

  fixture.start(async () => {
    running += 1;
    most = Math.max(most, running);
    await clock.sleep(50);
    running -= 1;
    return done;
  });
  await eventually(async () => (await fixture.jobQueue.counts()).discovery.completed === 2, 20_000);

  expect(most).toBe(1);
  expect((await fixture.jobQueue.counts()).discovery).toMatchObject({ completed: 2, waiting: 0, active: 0 });
});

test('a frozen worker loses its job to another', async () => {
  await fixture.jobQueue.enqueue(work, a);
  const child = await hangingWorker();
  fixture.start(async () => done);

  child.kill('SIGSTOP');

  await expect(settled(fixture, 'a', 'completed')).resolves.toMatchObject({ attemptsMade: 1 });
});

test('after Redis was killed and restarted the workers go on by themselves, and nothing has failed', async () => {
  const targets = Array.from({ length: 200 }, (_, at) => ({ target: `t-${at}` }));
  const seen = new Set<string>();
  fixture.start(async (payload) => {
    await clock.sleep(20);
    seen.add(payload.target);
    return done;
  });
  await fixture.jobQueue.enqueueMany(work, targets);
  await eventually(async () => seen.size > 20);
  // The append-only file is written through every second; what was finished in the last one may be run again.
  await clock.sleep(1_100);

  process.kill(server.pid, 'SIGKILL');
  await clock.sleep(500);
  server = await startRedis({ port: server.port, dir });
  const backAtMs = clock.now();
  await eventually(async () => seen.size === targets.length, 25_000);
  await eventually(async () => (await fixture.jobQueue.counts().catch(() => null))?.discovery.active === 0);

  expect(clock.now() - backAtMs).toBeLessThan(25_000);
  expect((await fixture.jobQueue.counts()).discovery).toMatchObject({ failed: 0, waiting: 0, active: 0 });
  const errors = fixture.lines.filter((line) => line.level === 'error');
  expect(errors).toEqual([]);
});
