import { JobError } from '@muster/core/runtime/errors';
import { targetId } from '@muster/core/organization/target';
import { expect, test } from 'vitest';
import { doDueWork } from './due-work.ts';
import { useWorkerBench } from './fixtures/worker-bench.fixture.ts';
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

  const work = doDueWork(bench.deps, 'scan', targetId(TARGET), LEASE_MS, () => Promise.reject(failure));

  await expect(work).rejects.toBe(failure);
  const inMs = ((await bench.dueAt('scan', targetId(TARGET))) ?? 0) - bench.now();
  expect(inMs).toBeLessThanOrEqual(waitMs ?? retryMs);
  expect(inMs).toBeGreaterThan((waitMs ?? retryMs) - 2_000);
});

test('work that fails for an unforeseen reason waits longer, as it may fail each time', async () => {
  const bench = await startWorkerBench();
  const { retryMs } = bench.deps.timings;

  const work = doDueWork(bench.deps, 'scan', targetId(TARGET), LEASE_MS, () =>
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
    doDueWork(bench.deps, 'scan', targetId(TARGET), LEASE_MS, () =>
      Promise.resolve({ nextInMs, result: 'done' }),
    );

  expect(await workThatLeaves(77_000)).toBe('done');
  expect(await bench.dueAt('scan', targetId(TARGET))).toBe(bench.now() + 77_000);

  expect(await workThatLeaves(null)).toBe('done');
  expect(await bench.dueAt('scan', targetId(TARGET))).toBeNull();
});
