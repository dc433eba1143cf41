import { acceptInventory } from '@muster/core/control/operator-acts';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const config = { muster: { inventory: { source: 'tctl' } } };
const read = (bench: WorkerBench) => bench.run('read-inventory', {});

/** A fleet that has joined, and one host that waits. */
async function startFleet(joined: number): Promise<WorkerBench> {
  const bench = await startWorkerBench({
    world: aWorld([...someInstances(joined, { joined: true }), ...someInstances(1, {}, joined)]),
    config,
  });
  expect(await read(bench)).toEqual({ nodes: joined, published: true, error: null });
  await bench.scanned();
  bench.advance(1_000);
  return bench;
}

async function shown(bench: WorkerBench, count: number): Promise<number> {
  const ids = Array.from({ length: count }, (_, n) => instanceId(n));
  return (await bench.ledger.nodes.find(ACCOUNT, ids)).size;
}

test('a snapshot that lost too many nodes is not believed: sends are held until an operator says so', async () => {
  const bench = await startFleet(30);
  const before = await bench.ledger.nodes.facts();
  bench.teleport.setFaults({ inventory: 'half' });

  const { nodes, ...result } = await read(bench);

  expect(result).toEqual({ published: false, error: expect.stringContaining(`30 nodes to ${nodes}`) });
  expect(await bench.findings()).toEqual(['inventory-drop all']);
  expect(await shown(bench, 30)).toBe(30);
  expect(await bench.ledger.nodes.facts()).toMatchObject({ generation: before.generation, nodes: 30 });
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({
    sent: 0,
    stopped: 'inventory',
  });

  expect(await acceptInventory(bench)).toBe(true);
  expect(await read(bench)).toMatchObject({ nodes, published: true });
  expect(await bench.findings()).toEqual([]);
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 1, instances: 1 });
});

test('a smaller inventory that an operator took for true is what the next reading is held to', async () => {
  const bench = await startFleet(30);
  bench.teleport.setFaults({ inventory: 'half' });
  const { nodes } = await read(bench);
  await acceptInventory(bench);
  expect(await bench.ledger.nodes.facts()).toMatchObject({ nodes, dropped: false });

  bench.teleport.setFaults({ inventory: 'empty' });
  const result = await read(bench);

  expect(result).toEqual({
    nodes: 0,
    published: false,
    error: expect.stringContaining(`${nodes} nodes to 0`),
  });
  expect(await bench.findings()).toEqual(['inventory-drop all']);
});

test('a fleet that is whole again lifts the hold by itself', async () => {
  const bench = await startFleet(30);
  bench.teleport.setFaults({ inventory: 'empty' });
  await read(bench);
  bench.teleport.setFaults({ inventory: 'ok' });
  bench.advance(1_000);

  expect(await read(bench)).toMatchObject({ nodes: 30, published: true });

  expect(await bench.findings()).toEqual([]);
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 1 });
});

test('a reading that fails does not lift the hold after a loss of nodes', async () => {
  const bench = await startFleet(30);
  bench.teleport.setFaults({ inventory: 'half' });
  await read(bench);
  bench.teleport.setFaults({ inventory: 'error' });
  bench.advance(1_000);

  expect(await read(bench)).toMatchObject({ published: false });

  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({
    sent: 0,
    stopped: 'inventory',
  });
  expect(await bench.findings()).toEqual(['inventory-drop all', 'inventory-unavailable all']);
});

test('a few nodes that go are believed, whatever their share of a small fleet', async () => {
  const bench = await startFleet(5);
  bench.teleport.setFaults({ inventory: 'half' });

  expect(await read(bench)).toMatchObject({ published: true, error: null });

  // They are missing, and joined until that has lasted.
  await bench.run('scan-target', { target: TARGET });
  expect(await bench.states()).toEqual({ joined: 5, queued: 1 });
});

test.each([
  [2, 'empty'],
  [5, 'empty'],
  [12, 'half'],
] as const)(
  'a small fleet that is not seen any more is not lost: %i nodes, then %s',
  async (nodes, fault) => {
    const bench = await startFleet(nodes);
    bench.teleport.setFaults({ inventory: fault });

    expect(await read(bench)).toMatchObject({ published: false });
    for (let round = 0; round < 4; round += 1) {
      bench.advance(10 * 60_000);
      await read(bench);
      await bench.run('scan-target', { target: TARGET });
      expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });
    }

    expect(await bench.states()).toEqual({ joined: nodes, queued: 1 });
    expect(await bench.findings()).toEqual(['inventory-drop all']);
  },
);

test('the only node of a fleet may go', async () => {
  const bench = await startFleet(1);
  bench.teleport.setFaults({ inventory: 'empty' });

  expect(await read(bench)).toEqual({ nodes: 0, published: true, error: null });
});

test.each(['error', 'denied', 'truncated', 'cut'] as const)(
  'an inventory that cannot be read to its end (%s) leaves the last snapshot as it was',
  async (inventory) => {
    const bench = await startFleet(3);
    const before = await bench.ledger.nodes.facts();
    bench.teleport.setFaults({ inventory });

    const result = await read(bench);

    expect(result).toMatchObject({ published: false, error: expect.any(String) });
    expect(await bench.ledger.nodes.facts()).toEqual({ ...before, error: result.error });
    expect(await shown(bench, 3)).toBe(3);
    expect(await bench.findings()).toEqual(['inventory-unavailable all']);
    const waitMs = ((await bench.dueAt('inventory', ORGANIZATION_MEMBER)) ?? 0) - bench.now();
    expect(waitMs).toBeLessThanOrEqual(2 * bench.deps.timings.retryMs);
    // The last snapshot is young enough: it is still known who has joined.
    expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 1 });

    bench.teleport.setFaults({ inventory: 'ok' });
    expect(await read(bench)).toMatchObject({ published: true });
    expect(await bench.findings()).toEqual([]);
  },
);

test.each(['outdated', 'talkative'] as const)(
  'an inventory behind lines of text (%s) is read like any other',
  async (inventory) => {
    const bench = await startFleet(3);
    bench.teleport.setFaults({ inventory });

    expect(await read(bench)).toEqual({ nodes: 3, published: true, error: null });
  },
);

test.each(['hang', 'endless'] as const)(
  'an inventory that never ends (%s) costs its time, and leaves the last snapshot and nothing else',
  async (inventory) => {
    const bench = await startFleet(3);
    bench.teleport.setFaults({ inventory });
    const hasty = bench.depsWith({ muster: { inventory: { source: 'tctl', timeout: '2s' } } });

    const result = await bench.run('read-inventory', {}, hasty);

    expect(result).toMatchObject({
      published: false,
      error: expect.stringContaining('did not end within 2 s'),
    });
    expect(await shown(bench, 3)).toBe(3);
    expect(await bench.findings()).toEqual(['inventory-unavailable all']);
    const { redis, keys } = bench.store;
    expect(await redis.keys(keys.nodes('999900009999' as typeof ACCOUNT, '*'))).toEqual([]);
  },
);

test.each([
  ['denied', /Renew the identity/],
  ['truncated', /must print one JSON array/],
  ['error', /Check its address and identity/],
] as const)(
  'the remedy for an inventory that cannot be read (%s) fits the error',
  async (inventory, words) => {
    const bench = await startFleet(3);
    bench.teleport.setFaults({ inventory });

    await read(bench);

    const [finding] = await bench.ledger.control.findings();
    expect(finding?.remedy).toMatch(words);
  },
);

test('nodes whose time to live is over are not in the snapshot', async () => {
  const bench = await startFleet(1);
  bench.advance(2 * 3_600_000);

  expect(await read(bench)).toEqual({ nodes: 0, published: true, error: null });

  expect(await shown(bench, 1)).toBe(0);
});

test('the inventory is read often while a host waits to be seen, and at its own pace else', async () => {
  const bench = await startFleet(1);
  const dueInMs = async () => ((await bench.dueAt('inventory', ORGANIZATION_MEMBER)) ?? 0) - bench.now();
  await read(bench);
  expect(await dueInMs()).toBeGreaterThan(50_000);
  await bench.ledger.due.schedule('verify', ['111122223333.eu-west-1']);

  await read(bench);

  expect(await dueInMs()).toBeLessThan(30_000);
});

test('an inventory that takes long to read is not read all the time, whichever host waits', async () => {
  const bench = await startFleet(1);
  await bench.ledger.due.schedule('verify', ['111122223333.eu-west-1']);
  const { teleport } = bench.deps;
  const deps = {
    ...bench.deps,
    teleport: {
      ...teleport,
      listNodes: (...args: Parameters<typeof teleport.listNodes>) => {
        bench.advance(8_000);
        return teleport.listNodes(...args);
      },
    },
  };

  await bench.run('read-inventory', {}, deps);

  const waitMs = ((await bench.dueAt('inventory', ORGANIZATION_MEMBER)) ?? 0) - bench.now();
  expect(waitMs).toBeGreaterThan(30_000);
  expect(waitMs).toBeLessThan(45_000);
});

test('without an inventory there is nothing to read, and nothing is due', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });

  expect(await read(bench)).toEqual({ nodes: 0, published: false, error: null });

  expect(await bench.dueAt('inventory', ORGANIZATION_MEMBER)).toBeNull();
});
