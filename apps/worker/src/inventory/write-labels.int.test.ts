import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const HOUR = 3_600_000;
const config = { muster: { inventory: { source: 'tctl' }, labels: { per_second: 1000 } } };
const scan = (bench: WorkerBench) => bench.run('scan-target', { target: TARGET });
const write = (bench: WorkerBench) => bench.run('write-labels', {});
const isHinted = (bench: WorkerBench): boolean =>
  bench.jobs.splice(0).some(({ name }) => name === 'write-labels');

interface ServerInfo {
  readonly metadata: { readonly name: string; readonly expires: string };
  readonly spec: { readonly new_labels: Readonly<Record<string, string>> };
}

async function resources(bench: WorkerBench): Promise<readonly ServerInfo[]> {
  const answer = await fetch(`${bench.teleport.url}/_sim/tctl/get/server_info`);
  return (await answer.json()) as ServerInfo[];
}

/** Labels from AWS by instance id, as `tctl get nodes` shows them. */
async function shown(
  bench: WorkerBench,
): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const answer = await fetch(`${bench.teleport.url}/_sim/tctl/get/node`);
  const nodes = (await answer.json()) as { metadata: { labels: Record<string, string> } }[];
  return Object.fromEntries(
    nodes.map(({ metadata: { labels } }) => [
      labels['teleport.dev/instance-id'],
      Object.fromEntries(Object.entries(labels).filter(([key]) => key.startsWith('aws/'))),
    ]),
  );
}

/** Two hosts that have joined, with labels. */
async function startLabeled(more: Record<string, string> = { Name: 'web' }): Promise<WorkerBench> {
  const tags = { env: 'prod', ...more };
  const bench = await startWorkerBench({ config, world: aWorld(someInstances(2, { joined: true, tags })) });
  await bench.run('read-inventory', {});
  await bench.scanned();
  await write(bench);
  bench.jobs.splice(0);
  return bench;
}

test('tags become labels of the nodes, and an unchanged target costs nothing more', async () => {
  const bench = await startLabeled();
  const tags = { ...bench.facts.matchTags, Name: 'db', 'with space': 'left out', quoted: '$(id) "' };
  await bench.aws.change({ op: 'set-tags', instanceId: instanceId(0), tags });

  await scan(bench);
  expect(isHinted(bench)).toBe(true);
  expect(await write(bench)).toEqual({ written: 1, error: null });

  expect((await shown(bench))[instanceId(0)]).toEqual({
    ...Object.fromEntries(Object.entries(bench.facts.matchTags).map(([key, value]) => [`aws/${key}`, value])),
    'aws/Name': 'db',
    'aws/quoted': '$(id) "',
  });
  const summary = await bench.ledger.labels.summary(TARGET);
  await scan(bench);
  expect(isHinted(bench)).toBe(false);
  expect(await bench.ledger.labels.summary(TARGET)).toEqual(summary);
  expect(await write(bench)).toEqual({ written: 0, error: null });
  expect(await bench.dueAt('labels', ORGANIZATION_MEMBER)).toBeNull();
});

test('a tag that goes takes its label along, also the last one', async () => {
  const bench = await startLabeled({ Name: 'web', team: 'x' });
  const { matchTags } = bench.facts;
  await bench.aws.change({ op: 'set-tags', instanceId: instanceId(0), tags: { ...matchTags, Name: 'web' } });
  await scan(bench);
  await write(bench);
  expect(Object.keys((await shown(bench))[instanceId(0)] ?? {})).not.toContain('aws/team');

  // Without the matched tag no matcher selects it any more: its node runs on, and loses what Muster gave it.
  await bench.aws.change({ op: 'set-tags', instanceId: instanceId(0), tags: {} });
  await scan(bench);
  expect((await bench.record(instanceId(0))).state).toBe('unmatched');
  await write(bench);

  expect((await shown(bench))[instanceId(0)]).toEqual({});
  await scan(bench);
  expect(await write(bench)).toEqual({ written: 0, error: null });
});

test('the resource of an instance that is gone goes within a minute', async () => {
  const bench = await startLabeled();
  await bench.aws.change({ op: 'terminate-instance', instanceId: instanceId(0) });

  await scan(bench);
  await write(bench);

  const gone = (await resources(bench)).find(({ metadata }) => metadata.name.endsWith(instanceId(0)));
  expect(gone?.spec.new_labels).toEqual({});
  expect(Date.parse(gone?.metadata.expires ?? '')).toBeLessThanOrEqual(bench.now() + 60_000);
  expect([...(await bench.ledger.labels.written(TARGET)).keys()]).toEqual([instanceId(1)]);
});

test('an account that left the organization takes the labels of its nodes along', async () => {
  const bench = await startLabeled();
  await bench.aws.change({ op: 'move-account', accountId: ACCOUNT, ouPath: 'Elsewhere' });
  const deps = bench.depsWith(({ organizationId }) => ({
    ...config,
    discovery_service: {
      aws: [
        {
          types: ['ec2'],
          regions: ['*'],
          assume_role_name: bench.facts.roleName,
          organization: {
            organization_id: organizationId,
            organizational_units: { include: ['*'] },
          },
          exclude_accounts: [ACCOUNT],
          ssm: { document_name: 'AWS-RunShellScript' },
        },
      ],
    },
  }));

  await bench.run('list-accounts', {}, deps);
  await bench.run('scan-target', { target: TARGET }, deps);
  expect(await write(bench)).toEqual({ written: 2, error: null });

  expect((await bench.ledger.labels.written(TARGET)).size).toBe(0);
});

test('labels are refreshed before Teleport forgets them, and only then', async () => {
  const bench = await startLabeled();
  const [before] = await resources(bench);
  bench.advance(3.9 * HOUR);
  await scan(bench);
  expect(await write(bench)).toEqual({ written: 0, error: null });

  bench.advance(0.2 * HOUR);
  await scan(bench);
  expect(await write(bench)).toEqual({ written: 2, error: null });

  const [after] = await resources(bench);
  const movedMs = Date.parse(after?.metadata.expires ?? '') - Date.parse(before?.metadata.expires ?? '');
  expect(movedMs / HOUR).toBeCloseTo(4.1, 1);
});

test('an identity that may not create server_info is a finding that says so, until it may', async () => {
  const bench = await startWorkerBench({ config, world: aWorld(someInstances(3)) });
  await bench.scanned();
  bench.teleport.setFaults({ resources: 'denied' });

  expect(await write(bench)).toEqual({ written: 0, error: expect.stringContaining('access denied') });
  expect(await bench.findings()).toEqual(['labels-denied all']);
  const [finding] = await bench.ledger.control.findings();
  expect(finding?.remedy).toContain('resources: [server_info], verbs: [list, read, create, update]');
  expect(((await bench.dueAt('labels', ORGANIZATION_MEMBER)) ?? 0) - bench.now()).toBeGreaterThan(300_000);

  bench.teleport.setFaults({ resources: 'ok' });
  expect(await write(bench)).toEqual({ written: 3, error: null });
  expect(await bench.findings()).toEqual([]);
});

test('an outage loses nothing, and is told after three tries', async () => {
  const bench = await startWorkerBench({ config, world: aWorld(someInstances(3)) });
  await bench.scanned();
  bench.teleport.setFaults({ resources: 'error' });

  expect(await write(bench)).toMatchObject({ written: 0, error: expect.stringContaining('Unavailable') });
  expect(await bench.findings()).toEqual(['labels-failed all']);

  bench.teleport.setFaults({ resources: 'ok' });
  expect(await write(bench)).toEqual({ written: 3, error: null });
  expect(await resources(bench)).toHaveLength(3);
});

test('one instance that Teleport will not take holds up no other', async () => {
  const bench = await startWorkerBench({ config, world: aWorld(someInstances(20)) });
  await bench.scanned();
  const { teleport } = bench.deps;
  const refused = instanceId(7);
  const deps = {
    ...bench.deps,
    teleport: {
      ...teleport,
      putLabels: (...[nodes, signal]: Parameters<typeof teleport.putLabels>) =>
        nodes.some((node) => node.instanceId === refused)
          ? Promise.reject(new Error('tctl ended with 1'))
          : teleport.putLabels(nodes, signal),
    },
  };

  let written = 0;
  for (let turn = 0; turn < 20 && written < 19; turn += 1) {
    written += (await bench.run('write-labels', {}, deps)).written;
  }

  expect(written).toBe(19);
  expect([...(await bench.ledger.labels.written(TARGET)).keys()]).not.toContain(refused);
});

test('after a passing failure batches grow again', async () => {
  const bench = await startWorkerBench({ config, world: aWorld(someInstances(40)) });
  await bench.scanned();
  const { teleport } = bench.deps;
  const sizes: number[] = [];
  const deps = {
    ...bench.deps,
    teleport: {
      ...teleport,
      putLabels: (...[nodes, signal]: Parameters<typeof teleport.putLabels>) => {
        sizes.push(nodes.length);
        return sizes.length <= 2
          ? Promise.reject(new Error('tctl ended with 1'))
          : teleport.putLabels(nodes, signal);
      },
    },
  };

  expect(await bench.run('write-labels', {}, deps)).toEqual({ written: 40, error: null });

  expect(sizes).toEqual([40, 20, 10, 20, 10]);
});

test('what changed while it was written goes on waiting', async () => {
  const bench = await startWorkerBench({ config, world: aWorld(someInstances(1)) });
  await bench.scanned();
  const { teleport } = bench.deps;
  let raced = false;
  const deps = {
    ...bench.deps,
    teleport: {
      ...teleport,
      putLabels: async (...args: Parameters<typeof teleport.putLabels>) => {
        await teleport.putLabels(...args);
        if (raced) return;
        raced = true;
        await bench.aws.change({
          op: 'set-tags',
          instanceId: instanceId(0),
          tags: { ...bench.facts.matchTags, Name: 'late' },
        });
        await scan(bench);
      },
    },
  };

  expect(await bench.run('write-labels', {}, deps)).toEqual({ written: 2, error: null });

  const [resource] = await resources(bench);
  expect(resource?.spec.new_labels['aws/Name']).toBe('late');
});

test('switched off, nothing is compared or written', async () => {
  const off = { muster: { ...config.muster, labels: { enabled: false } } };
  const bench = await startWorkerBench({ config: off, world: aWorld(someInstances(2)) });
  await bench.scanned();

  expect(isHinted(bench)).toBe(false);
  expect(await write(bench)).toEqual({ written: 0, error: null });
  expect(await resources(bench)).toEqual([]);
  expect(await bench.store.redis.keys(`${bench.store.keys.labelTargets.split(':')[0]}:*label*`)).toEqual([]);
});

test('a host that was installed and whose node has not the labels of its instance is a finding', async () => {
  const bench = await startWorkerBench({
    config,
    world: aWorld(someInstances(2, { outcome: { kind: 'exits', exitCode: 150 } })),
  });
  await bench.run('read-inventory', {});
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  await bench.commandsEnded();
  const addNode = async (n: number, identityLabels: object): Promise<void> => {
    const node = { accountId: ACCOUNT, region: TARGET.region, instanceId: instanceId(n), identityLabels };
    await fetch(`${bench.teleport.url}/_sim/nodes`, {
      method: 'POST',
      body: JSON.stringify({ nodes: [node] }),
    });
  };
  // A foreign agent on an instance that Muster has never seen.
  await addNode(9, {});
  await bench.run('read-inventory', {});
  expect(await bench.findings()).toEqual([]);

  const intent = await bench.intent();
  bench.advance(60_000);
  await bench.run('collect-command', { target: TARGET, batchId: intent.batchId });
  await addNode(0, {});
  await bench.run('read-inventory', {});

  expect(await bench.findings()).toEqual(['node-labels-wrong all']);
  const [finding] = await bench.ledger.control.findings();
  expect(finding?.message).toContain(`1 host has joined`);
  expect(finding?.message).toContain(instanceId(0));
});
