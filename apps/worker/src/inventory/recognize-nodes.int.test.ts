import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const config = { muster: { inventory: { source: 'tctl' } } };
const HOSTS = 30;

/** Nodes of hosts that Muster has never sent to. */
async function addNodes(
  bench: WorkerBench,
  count: number,
  shape: (n: number) => object,
  from = 0,
): Promise<void> {
  const nodes = Array.from({ length: count }, (_, n) => ({
    accountId: ACCOUNT,
    region: TARGET.region,
    instanceId: instanceId(from + n),
    ...shape(from + n),
  }));
  const answer = await fetch(`${bench.teleport.url}/_sim/nodes`, {
    method: 'POST',
    body: JSON.stringify({ nodes }),
  });
  expect(answer.status).toBe(200);
}

function labelsOf(n: number): Record<string, string> {
  return { 'teleport.dev/account-id': ACCOUNT, 'teleport.dev/instance-id': instanceId(n) };
}

test.each<[string, (n: number) => object, readonly string[]]>([
  ['joined by hand, known by metadata alone', () => ({ identityLabels: {} }), ['node-labels-wrong all']],
  [
    'labeled by commands',
    (n) => ({ identityLabels: {}, dynamicLabels: labelsOf(n), cloudMetadata: null }),
    [],
  ],
  ['agentless, with labels', () => ({ subKind: 'openssh', cloudMetadata: null }), []],
  ['agentless behind an EC2 endpoint', () => ({ subKind: 'openssh-ec2-ice' }), []],
])('hosts of this cluster are sent nothing: %s', async (_, shape, findings) => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(HOSTS + 1)), config });
  await addNodes(bench, HOSTS, shape);

  expect(await bench.run('read-inventory', {})).toEqual({ nodes: HOSTS, published: true, error: null });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  await bench.run('read-inventory', {});

  expect(await bench.sentSizes()).toEqual([1]);
  expect(await bench.states()).toEqual({ joined: HOSTS, installing: 1 });
  expect(bench.aws.report().installs).toMatchObject({ perInstance: { 0: HOSTS, 1: 1 }, whileLive: 0 });
  expect(await bench.findings()).toEqual(findings);
});

test('hosts that were joined by hand are a calm note, which goes when they are labeled', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(HOSTS)), config });
  await addNodes(bench, HOSTS, () => ({ identityLabels: {} }));
  // On a host of which there is no record.
  await addNodes(bench, 1, () => ({ identityLabels: {} }), 100);
  await bench.scanned();
  await bench.run('read-inventory', {});

  const [note] = await bench.ledger.control.findings();
  expect(note?.message).toContain('30 hosts have joined this cluster without the labels');
  expect(note?.message).toContain(`${ACCOUNT}/${instanceId(0)}`);
  expect(note?.message).not.toContain(instanceId(100));
  expect(`${note?.message} ${note?.remedy}`).not.toMatch(/remove|another cluster/i);

  await addNodes(bench, HOSTS, () => ({}));
  await bench.run('read-inventory', {});
  expect(await bench.findings()).toEqual([]);
});

test('a node whose labels name a victim and whose metadata names itself makes neither joined, and is found', async () => {
  const [victim, liar] = [0, 1] as const;
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config });
  await addNodes(bench, 1, () => ({ identityLabels: labelsOf(victim) }), liar);

  expect(await bench.run('read-inventory', {})).toMatchObject({ nodes: 0, published: true });
  await bench.scanned();

  expect(await bench.states()).toEqual({ queued: 2 });
  expect(await bench.findings()).toEqual(['nodes-contradict all']);
  const [finding] = await bench.ledger.control.findings();
  expect(finding?.message).toContain('1 node names more than one host as its own');
  expect(finding?.message).toContain(
    `its labels say ${ACCOUNT}/${instanceId(victim)}, its cloud metadata says ${ACCOUNT}/${instanceId(liar)}`,
  );

  await fetch(`${bench.teleport.url}/_sim/nodes/${ACCOUNT}/${instanceId(liar)}?at-once=true`, {
    method: 'DELETE',
  });
  await bench.run('read-inventory', {});
  expect(await bench.findings()).toEqual([]);
});

test('one honest node is enough for an instance that several nodes name', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config });
  await addNodes(bench, 1, () => ({}));
  // A second agent on the same host, and a liar.
  const second = {
    identityLabels: labelsOf(0),
    cloudMetadata: { accountId: ACCOUNT, instanceId: instanceId(0) },
  };
  await addNodes(bench, 1, () => second, 50);
  await addNodes(bench, 1, () => ({ identityLabels: labelsOf(0) }), 51);

  await bench.run('read-inventory', {});
  await bench.scanned();

  expect(await bench.states()).toEqual({ joined: 1, queued: 1 });
  expect(await bench.findings()).toEqual(['nodes-contradict all']);
});

test('a host with a node of more than a megabyte hides no other host', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config });
  await addNodes(bench, 1, () => ({ identityLabels: { ...labelsOf(0), note: 'x'.repeat(1_200_000) } }));
  await addNodes(bench, 1, () => ({}), 1);

  expect(await bench.run('read-inventory', {})).toMatchObject({ nodes: 1, published: true });

  expect(await bench.findings()).toEqual(['nodes-unreadable all']);
  const [finding] = await bench.ledger.control.findings();
  expect(finding?.message).toContain('1 node is larger than 1 MB');
});

test('an account with very many lying nodes does not hide those of another', async () => {
  const bench = await startWorkerBench({ world: aWorld([]), config });
  await addNodes(bench, 300, () => ({ identityLabels: labelsOf(999) }));
  await addNodes(
    bench,
    1,
    () => ({
      identityLabels: labelsOf(999),
      cloudMetadata: { accountId: '444455556666', instanceId: instanceId(7) },
    }),
    500,
  );

  await bench.run('read-inventory', {});

  const [finding] = await bench.ledger.control.findings();
  expect(finding?.message).toContain('301 nodes');
  expect(finding?.message).toContain('444455556666');
  expect(finding?.message.length).toBeLessThan(1_500);
});

test('what has gone offline is no finding', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config });
  await addNodes(bench, 1, () => ({ identityLabels: labelsOf(1) }));
  bench.advance(2 * 3_600_000);

  await bench.run('read-inventory', {});

  expect(await bench.findings()).toEqual([]);
});

/** A program in the place of tctl. */
async function fakeTctl(script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-tctl-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'tctl');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

test('a tctl that is silent is a finding while it is waited for, and an error when its time is over', async () => {
  const command = await fakeTctl('sleep 600');
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1)),
    config: { muster: { inventory: { source: 'tctl', command, timeout: '3s' } } },
  });
  const { clock } = bench.deps;
  const quick = {
    ...bench.deps,
    // A second stands for a minute.
    clock: { ...clock, after: (ms: number, action: () => void) => clock.after(ms / 60, action) },
  };

  const reading = bench.run('read-inventory', {}, quick);

  await vi.waitFor(
    async () => {
      const [finding] = await bench.ledger.control.findings();
      expect(finding).toMatchObject({
        kind: 'inventory-unavailable',
        message: expect.stringContaining('tctl has not answered for 30 s'),
      });
    },
    { timeout: 2_500 },
  );
  expect(await reading).toMatchObject({
    published: false,
    error: 'tctl did not end within 3 s and was stopped; it had printed nothing',
  });
});

test('a tctl that goes wrong after many nodes leaves none of them in Redis', async () => {
  const element = JSON.stringify({
    kind: 'node',
    metadata: { name: 'n', labels: labelsOf(0) },
  });
  const command = await fakeTctl(
    `echo '['; i=0; while [ $i -lt 2500 ]; do echo '${element},'; i=$((i+1)); done; exit 3`,
  );
  const bench = await startWorkerBench({
    world: aWorld([]),
    config: { muster: { inventory: { source: 'tctl', command } } },
  });

  expect(await bench.run('read-inventory', {})).toMatchObject({ published: false });

  const { redis, keys } = bench.store;
  expect(await redis.keys(keys.nodes(ACCOUNT, '*'))).toEqual([]);
});
