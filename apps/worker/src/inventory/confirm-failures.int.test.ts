import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { ConfigPart } from '@muster/testing/system-config';
import { eventually } from '@muster/testing/eventually';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';
import { confirmFailures } from './verify-joined.ts';

const startWorkerBench = useWorkerBench();
const PATIENCE_MS = 10_000;

/** Two hosts whose commands have failed as far as SSM knows; the first has joined all the same. */
async function startFailed(muster: ConfigPart = { inventory: { source: 'tctl' } }): Promise<WorkerBench> {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2, { outcome: { kind: 'exits', exitCode: 1 } })),
    config: { muster },
  });
  await bench.run('read-inventory', {});
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId });
  expect(await bench.states()).toEqual({ failed: 2 });
  await fetch(`${bench.teleport.url}/_sim/nodes`, {
    method: 'POST',
    body: JSON.stringify({
      nodes: [{ accountId: ACCOUNT, region: TARGET.region, instanceId: instanceId(0) }],
    }),
  });
  bench.advance(1_000);
  return bench;
}

test('a host that has joined although its command failed is joined after the last look of a run that ends', async () => {
  const bench = await startFailed();
  await bench.ledger.due.drop('inventory', [ORGANIZATION_MEMBER]);

  const confirming = confirmFailures(bench.deps, PATIENCE_MS);
  await eventually('the inventory is asked for', async () => {
    return (await bench.dueAt('inventory', ORGANIZATION_MEMBER)) !== null;
  });
  await bench.run('read-inventory', {});

  expect(await confirming).toBe(1);
  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'joined', failures: 0 });
  expect((await bench.record(instanceId(1))).state).toBe('failed');
});

test('without a fresh inventory the last look changes nothing, and ends', async () => {
  const bench = await startFailed();

  expect(await confirmFailures(bench.deps, 500)).toBe(0);

  expect(await bench.states()).toEqual({ failed: 2 });
});

test('where no inventory is configured there is nothing to look at', async () => {
  const bench = await startFailed({});

  expect(await confirmFailures(bench.deps, PATIENCE_MS)).toBe(0);
});

test('in a run that goes on the next scan after an inventory sees it, and it is never sent to again', async () => {
  const bench = await startFailed({ inventory: { source: 'tctl' }, backoff: { operator_first: '10m' } });
  await bench.run('read-inventory', {});
  bench.advance(20 * 60_000);
  await bench.run('read-inventory', {});

  // Its time has come before the scan: the claim looks at the inventory itself.
  await bench.run('install-batch', { target: TARGET });
  expect((await bench.record(instanceId(0))).state).toBe('joined');
  expect(bench.aws.report().installs).toMatchObject({ afterJoined: 0, perInstance: { '1': 1, '2': 1 } });

  const other = await startFailed();
  await other.run('read-inventory', {});
  await other.run('scan-target', { target: TARGET });
  expect(await other.states()).toEqual({ joined: 1, failed: 1 });
});
