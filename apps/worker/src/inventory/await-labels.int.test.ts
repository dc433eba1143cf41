import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { eventually } from '@muster/testing/eventually';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, someInstances } from '../fixtures/written-world.fixture.ts';
import { awaitLabels } from './write-labels.ts';

const startWorkerBench = useWorkerBench();

/** Two hosts that have joined; what Teleport is to know of their tags waits, and is put off by an hour. */
async function startWaiting(labels: object = {}): Promise<WorkerBench> {
  const bench = await startWorkerBench({
    config: { muster: { inventory: { source: 'tctl' }, labels: { per_second: 1000, ...labels } } },
    world: aWorld(someInstances(2, { joined: true })),
  });
  await bench.run('read-inventory', {});
  await bench.scanned();
  await bench.ledger.due.begin('labels', ORGANIZATION_MEMBER, bench.now() + 3_600_000);
  return bench;
}

/** Waits until the end of the run asks for the labels. */
async function asked(bench: WorkerBench): Promise<void> {
  await eventually('the labels are due', async () => {
    const atMs = await bench.dueAt('labels', ORGANIZATION_MEMBER);
    return atMs !== null && atMs <= bench.now();
  });
}

test('labels that wait are written before the run ends, also those that were put off', async () => {
  const bench = await startWaiting();
  expect(await bench.ledger.labels.waiting()).toBe(2);

  const waiting = awaitLabels(bench.deps);
  await asked(bench);
  await bench.run('write-labels', {});

  expect(await waiting).toBeNull();
  expect(await bench.ledger.labels.waiting()).toBe(0);
});

test('a Teleport that fails once is given time for another attempt', async () => {
  const bench = await startWaiting();
  bench.teleport.setFaults({ resources: 'error' });

  const waiting = awaitLabels(bench.deps);
  await asked(bench);
  expect((await bench.run('write-labels', {})).written).toBe(0);
  bench.advance(60_000);
  bench.teleport.setFaults({ resources: 'ok' });
  await bench.run('write-labels', {});

  expect(await waiting).toBeNull();
});

test('what is not written in time is left, with the reason that Teleport gave', async () => {
  const bench = await startWaiting();
  bench.teleport.setFaults({ resources: 'error' });

  const waiting = awaitLabels(bench.deps);
  await asked(bench);
  await bench.run('write-labels', {});
  bench.advance(91_000);

  expect(await waiting).toMatchObject({
    waiting: 2,
    reason: expect.stringContaining('Nodes are not labeled with their EC2 tags'),
  });
});

test('where no worker writes, the time is what is reported', async () => {
  const bench = await startWaiting();

  const waiting = awaitLabels(bench.deps);
  await asked(bench);
  bench.advance(91_000);

  expect(await waiting).toEqual({ waiting: 2, reason: 'not all were written within 90 s' });
});

test('where labels are switched off, or nothing waits, nothing is waited for', async () => {
  const off = await startWaiting({ enabled: false });
  const done = await startWaiting();
  await done.run('write-labels', {});

  expect(await awaitLabels(off.deps)).toBeNull();
  expect(await awaitLabels(done.deps)).toBeNull();
});
