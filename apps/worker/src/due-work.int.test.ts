import { randomUUID } from 'node:crypto';
import { catalog, jobOfDue } from '@muster/core/jobs/catalog';
import { createJobQueue } from '@muster/core/jobs/queue/enqueue';
import { createJobMetrics } from '@muster/core/jobs/queue/job-metrics';
import { processJobs } from '@muster/core/jobs/queue/process-jobs';
import { JobError } from '@muster/core/runtime/errors';
import { createMetrics } from '@muster/core/runtime/metrics';
import { targetId } from '@muster/core/organization/target';
import { recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { expect, test } from 'vitest';
import { doDueWork } from './due-work.ts';
import { useWorkerBench, type WorkerBench } from './fixtures/worker-bench.fixture.ts';
import { bindHandlers } from './handlers.ts';
import { TARGET } from './fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const LEASE_MS = 3_600_000;

test.each([
  ['with advice is tried again when it says', { afterMs: 90_000 }, 90_000],
  ['without advice is tried again soon', 'backoff', null],
] as const)('work that fails %s', async (_, retry, waitMs) => {
  const bench = await startWorkerBench();
  const { retryMs } = bench.deps.timings;
  const failure = new JobError('aws.unavailable', 'no answer', { retry });

  const work = doDueWork(bench.deps, 'scan', targetId(TARGET), () => Promise.reject(failure));

  await expect(work).rejects.toBe(failure);
  const inMs = ((await bench.dueAt('scan', targetId(TARGET))) ?? 0) - bench.now();
  expect(inMs).toBeLessThanOrEqual(waitMs ?? retryMs);
  expect(inMs).toBeGreaterThan((waitMs ?? retryMs) - 2_000);
});

test('work that fails for an unforeseen reason waits longer, as it may fail each time', async () => {
  const bench = await startWorkerBench();
  const { retryMs } = bench.deps.timings;

  const work = doDueWork(bench.deps, 'scan', targetId(TARGET), () =>
    Promise.reject(new TypeError('a mistake of ours')),
  );

  await expect(work).rejects.toThrow('a mistake of ours');
  const inMs = ((await bench.dueAt('scan', targetId(TARGET))) ?? 0) - bench.now();
  expect(inMs).toBeGreaterThan(5 * retryMs);
  expect(inMs).toBeLessThanOrEqual(6 * retryMs);
});

test('work that is done is due again when it says, and never when there is nothing left', async () => {
  const bench = await startWorkerBench();
  bench.store.time.hold(bench.now());
  const workThatLeaves = (nextInMs: number | null): Promise<string> =>
    doDueWork(bench.deps, 'scan', targetId(TARGET), () => Promise.resolve({ nextInMs, result: 'done' }));

  expect(await workThatLeaves(77_000)).toBe('done');
  expect(await bench.dueAt('scan', targetId(TARGET))).toBe(bench.now() + 77_000);

  expect(await workThatLeaves(null)).toBe('done');
  expect(await bench.dueAt('scan', targetId(TARGET))).toBeNull();
});

/** A bench whose worker takes leases of a few hundred milliseconds. */
async function startBenchOfShortLeases(): Promise<WorkerBench> {
  const bench = await startWorkerBench();
  return { ...bench, deps: { ...bench.deps, timings: { ...bench.deps.timings, leaseMs: SHORT_LEASE_MS } } };
}
const SHORT_LEASE_MS = 300;
const LONGER_MS = 3 * SHORT_LEASE_MS;

test('a member is not handed out while its work goes on, however long, and what falls due meanwhile is not put off', async () => {
  const { deps, ledger } = await startBenchOfShortLeases();
  const member = targetId(TARGET);
  const given: (readonly string[])[] = [];
  const inMs = 86_400_000;

  await doDueWork(deps, 'scan', member, async () => {
    await deps.clock.sleep(LONGER_MS);
    given.push(await ledger.due.lease('scan', LEASE_MS, 10));
    await ledger.due.schedule('scan', [member]);
    await deps.clock.sleep(LONGER_MS);
    given.push(await ledger.due.lease('scan', 0, 10));
    return { nextInMs: inMs, result: null };
  });
  given.push(await ledger.due.lease('scan', LEASE_MS, 10));

  expect(given).toEqual([[], [member], [member]]);
});

test('work that goes on beyond the time of its job keeps the member no longer', async () => {
  const { deps, ledger } = await startBenchOfShortLeases();
  const member = targetId(TARGET);
  let aheadMs = 0;
  const clock = { ...deps.clock, monotonicMs: () => deps.clock.monotonicMs() + aheadMs };
  let given: readonly string[] = [];

  await doDueWork({ ...deps, clock }, 'scan', member, async () => {
    aheadMs = jobOfDue('scan').timeoutMs;
    await deps.clock.sleep(LONGER_MS);
    given = await ledger.due.lease('scan', LEASE_MS, 10);
    return { nextInMs: null, result: null };
  });

  expect(given).toEqual([member]);
});

/** As the tick does it: leases what is due, and gives it to the queue. */
async function handOut({ ledger }: WorkerBench, queue: ReturnType<typeof createJobQueue>): Promise<number> {
  const job = jobOfDue('verify');
  const members = await ledger.due.lease('verify', LEASE_MS, 10);
  await queue.enqueueMany(
    job,
    members.map((member) => job.due.payloadOf(member)),
  );
  return members.length;
}

test('what falls due between the end of the work and the end of its job is done at once, and not when its lease ends', async () => {
  const bench = await startWorkerBench();
  const { redis } = bench.store;
  const prefix = `test-${randomUUID()}`;
  const queue = createJobQueue({ connection: redis, prefix });
  const member = targetId(TARGET);
  const schedule = (): Promise<void> => bench.ledger.due.schedule('verify', [member]);
  const [finished, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let running = 0;
  let most = 0;
  let runs = 0;
  const worker = processJobs({
    connection: redis,
    prefix,
    queue: 'enrollment',
    jobs: catalog,
    handlers: {
      ...bindHandlers(() => bench.deps),
      'verify-joined': async () => {
        running += 1;
        most = Math.max(most, running);
        await doDueWork(bench.deps, 'verify', member, () =>
          Promise.resolve({ nextInMs: null, result: null }),
        );
        runs += 1;
        finished.resolve();
        await mayEnd.promise;
        running -= 1;
        return { joined: 0, failed: 0, waiting: 0 };
      },
    },
    concurrency: 4,
    log: recordingLog(),
    clock: bench.deps.clock,
    redact: bench.deps.redact,
    metrics: createJobMetrics(createMetrics('worker'), catalog),
  });
  await schedule();
  await handOut(bench, queue);
  await finished.promise;

  // Twice, as two commits would: the queue keeps one job.
  await schedule();
  const given = [await handOut(bench, queue), (await schedule(), await handOut(bench, queue))];
  mayEnd.resolve();
  await eventually('the second run has ended', () => Promise.resolve(runs === 2 && running === 0), 5_000);
  await worker.close(1_000);
  await queue.close();

  expect(given).toEqual([1, 1]);
  expect({ runs, most }).toEqual({ runs: 2, most: 1 });
  expect(await bench.dueAt('verify', member)).toBeNull();
});
