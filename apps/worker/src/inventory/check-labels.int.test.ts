import { sealLabels } from '@muster/core/inventory/label-store';
import { forgeLabels } from '@muster/testing/forger';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';
import { sealerOf } from '../organization/account-scope.ts';

const startWorkerBench = useWorkerBench();
const config = { muster: { inventory: { source: 'tctl' }, labels: { per_second: 1000 } } };
/** What no tag becomes: without the prefix, one of Teleport's own, one that a terminal obeys, and one that is too long. */
const FORGED = {
  owner: 'mallory',
  'teleport.dev/origin': 'cloud',
  'aws/Name': 'a\u001b[2Jb',
  'aws/note': 'x'.repeat(257),
  'aws/a b': 'space',
};

/** The labels that Teleport was given for an instance. */
async function givenTo(
  bench: WorkerBench,
  id: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const answer = await fetch(`${bench.teleport.url}/_sim/tctl/get/server_info`);
  const resources = (await answer.json()) as {
    metadata: { name: string };
    spec: { new_labels: Record<string, string> };
  }[];
  return resources.find(({ metadata }) => metadata.name.endsWith(id))?.spec.new_labels;
}

test('labels that no worker made are not written, and the next scan makes them anew from the tags', async () => {
  const bench = await startWorkerBench({ config, world: aWorld(someInstances(1, { joined: true })) });
  await bench.run('read-inventory', {});
  await bench.scanned();
  await bench.run('write-labels', {});
  const before = await givenTo(bench, instanceId(0));
  expect(Object.keys(before ?? {})).not.toEqual([]);
  await forgeLabels(bench.store, TARGET, instanceId(0), { 'aws/team': 'payments' });

  expect(await bench.run('write-labels', {})).toMatchObject({ error: null });

  expect(await givenTo(bench, instanceId(0))).toEqual(before);
  expect(await bench.findings()).toEqual(['ledger-untrusted labels']);
  await bench.run('scan-target', { target: TARGET });
  expect(await bench.ledger.labels.take(10)).toMatchObject([{ change: { labels: before } }]);
});

test('of labels with a good seal only what a tag can have become is written, and the rest is counted', async () => {
  const bench = await startWorkerBench({ config, world: aWorld(someInstances(1, { joined: true })) });
  const change = {
    instanceId: instanceId(0),
    digest: 'forged',
    labels: { ...FORGED, 'aws/team': 'red' },
    gone: false,
  };
  const { seal } = sealLabels(sealerOf(bench.deps), TARGET, change);
  await forgeLabels(bench.store, TARGET, instanceId(0), change.labels, seal);

  expect(await bench.run('write-labels', {})).toEqual({ written: 1, error: null });

  expect(await givenTo(bench, instanceId(0))).toEqual({ 'aws/team': 'red' });
  const [finding] = await bench.ledger.control.findings();
  expect(finding?.message).toContain('5 labels that waited in Redis for 1 nodes were not written');
  expect(await bench.ledger.labels.take(10)).toEqual([]);
});

test('without a key the rules of tags hold all the same', async () => {
  const bench = await startWorkerBench({ config, world: aWorld(someInstances(1, { joined: true })) });
  const keyless = { ...bench.deps, config: { ...bench.deps.config, markerKeys: [] } };
  await forgeLabels(bench.store, TARGET, instanceId(0), { ...FORGED, 'aws/team': 'red' });

  await bench.run('write-labels', {}, keyless);

  expect(await givenTo(bench, instanceId(0))).toEqual({ 'aws/team': 'red' });
  expect(await bench.findings()).toEqual(['ledger-untrusted labels']);
});

test('labels under another instance’s id are dropped: they could never be written', async () => {
  const bench = await startWorkerBench({ config, world: aWorld(someInstances(1, { joined: true })) });
  const { redis, keys } = bench.store;
  await forgeLabels(bench.store, TARGET, instanceId(0), { 'aws/team': 'red' });
  const names = keys.target(TARGET);
  const text = (await redis.hget(names.labelChanges, instanceId(0))) ?? '';
  await redis.hset(names.labelChanges, '../x', text);
  await redis.hset(names.labelChanges, instanceId(1), text);

  await bench.run('write-labels', {});

  expect(await redis.hlen(names.labelChanges)).toBe(0);
  expect(await givenTo(bench, instanceId(0))).toBeUndefined();
});
