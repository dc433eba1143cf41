import { anAccountId, anInstanceId, NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { AwsAction, AwsCall } from '../organization/aws-actions.ts';
import type { InventoryFacts } from './node-store.ts';
import { createNodeDigests } from './snapshot-comparison-store.ts';
import type { TeleportNode } from './teleport-port.ts';

const bench = useLedgerBench();

const TTL_MS = 600_000;
const ids = Array.from({ length: 20 }, (_, n) => anInstanceId(n));

function aNode(n: number, generation = 'g'): TeleportNode {
  return {
    nodeId: `${generation}-${n}`,
    accountId: anAccountId(n % 2),
    instanceId: anInstanceId(n),
    expiresAtMs: null,
  };
}

function published(generation: string, nodes = 20) {
  return { generation, begunAtMs: NOW_MS, nodes, error: null, dropped: false };
}

test('before the first snapshot nothing is known and nothing is found', async () => {
  const { nodes } = bench.create().ledger;

  expect(await nodes.facts()).toEqual({
    generation: null,
    begunAtMs: 0,
    nodes: 0,
    error: null,
    dropped: false,
  });
  expect(await nodes.find(anAccountId(), ids)).toEqual(new Map());
});

test('a failure before the first snapshot is told, and is no snapshot', async () => {
  const { nodes } = bench.create().ledger;
  await nodes.fail('tctl: not found');

  expect(await nodes.facts()).toEqual({
    generation: null,
    begunAtMs: 0,
    nodes: 0,
    error: 'tctl: not found',
    dropped: false,
  });
});

test('a snapshot is found once it is published, by account and instance', async () => {
  const { nodes } = bench.create().ledger;
  await nodes.addNodes('g1', [aNode(0), aNode(1)], TTL_MS);
  await nodes.addNodes('g1', [aNode(2)], TTL_MS);
  await nodes.addNodes('g1', [], TTL_MS);
  expect(await nodes.find(anAccountId(0), ids)).toEqual(new Map());

  await nodes.publish(published('g1', 3));

  expect(await nodes.find(anAccountId(0), ids)).toEqual(
    new Map([
      [anInstanceId(0), 'g-0'],
      [anInstanceId(2), 'g-2'],
    ]),
  );
  expect(await nodes.find(anAccountId(1), [anInstanceId(0), anInstanceId(1)])).toEqual(
    new Map([[anInstanceId(1), 'g-1']]),
  );
  expect(await nodes.find(anAccountId(0), [])).toEqual(new Map());
  expect(await nodes.facts()).toEqual(published('g1', 3));
});

test('a reading that failed leaves the last snapshot, and the next success clears the error', async () => {
  const { nodes } = bench.create().ledger;
  await nodes.addNodes('g1', [aNode(0)], TTL_MS);
  await nodes.publish(published('g1', 1));

  await nodes.fail('timeout');

  expect(await nodes.facts()).toEqual({ ...published('g1', 1), error: 'timeout' });
  expect((await nodes.find(anAccountId(0), ids)).size).toBe(1);
  await nodes.publish(published('g2', 0));
  expect((await nodes.facts()).error).toBeNull();
  expect((await nodes.find(anAccountId(0), ids)).size).toBe(0);
});

test('a snapshot that was never published expires', async () => {
  const one = bench.create();
  await one.ledger.nodes.addNodes('g1', [aNode(0)], TTL_MS);

  const ttlMs = await one.redis.pttl(one.keys.nodes(anAccountId(0), 'g1'));

  expect(ttlMs).toBeGreaterThan(TTL_MS - 60_000);
  expect(ttlMs).toBeLessThanOrEqual(TTL_MS);
});

test('no reader ever sees half a snapshot or two mixed ones', async () => {
  const one = bench.create();
  const [writer, reader] = [one.another().nodes, one.another().nodes];
  const mine = ids.filter((_, n) => n % 2 === 0);
  const done = new AbortController();

  const writing = (async () => {
    for (let g = 0; g < 60; g += 1) {
      const generation = `g${g}`;
      for (let n = 0; n < 20; n += 5) {
        await writer.addNodes(
          generation,
          [0, 1, 2, 3, 4].map((k) => aNode(n + k, generation)),
          TTL_MS,
        );
      }
      await writer.publish(published(generation));
    }
    done.abort();
  })();
  let complete = 0;
  while (!done.signal.aborted) {
    const found = await reader.find(anAccountId(0), mine);
    if (found.size === 0 && complete === 0) continue;
    expect(found.size).toBe(mine.length);
    expect(new Set([...found.values()].map((nodeId) => nodeId.split('-')[0])).size).toBe(1);
    complete += 1;
  }
  await writing;

  expect(complete).toBeGreaterThan(10);
});

test('calls are counted by action, throttled ones also apart, from many processes at once', async () => {
  const one = bench.create();
  const call = (action: AwsAction, outcome: AwsCall['outcome']) => ({ action, outcome });

  await Promise.all(
    Array.from({ length: 5 }, async () => {
      const { statistics } = one.another();
      await statistics.addCalls([
        call('ssm:SendCommand', 'ok'),
        call('ssm:SendCommand', 'ok'),
        call('ssm:SendCommand', 'throttled'),
        call('ec2:DescribeInstances', 'denied'),
      ]);
      await statistics.addCommandsSent(2);
    }),
  );
  await one.ledger.statistics.addCalls([]);

  const { calls, throttled, commandsSent } = await one.ledger.statistics.read();
  expect(Object.fromEntries(calls)).toEqual({ 'ssm:SendCommand': 15, 'ec2:DescribeInstances': 5 });
  expect(Object.fromEntries(throttled)).toEqual({ 'ssm:SendCommand': 5 });
  expect(commandsSent).toBe(10);
});

test('a number of commands that another client wrote fails nothing, and is counted from now on', async () => {
  const { ledger, redis, keys } = bench.create();
  await redis.hset(keys.totals, 'commandsSent', 'many');

  await ledger.statistics.addCommandsSent(1);
  await ledger.statistics.addCommandsSent(2);

  expect((await ledger.statistics.read()).commandsSent).toBe(3);
  await redis.del(keys.totals);
  await redis.set(keys.totals, 'of another type');
  await expect(ledger.statistics.addCommandsSent(1)).resolves.toBeUndefined();
});

test('a new ledger has counted nothing', async () => {
  expect(await bench.create().ledger.statistics.read()).toEqual({
    calls: new Map(),
    throttled: new Map(),
    commandsSent: 0,
    joined: 0,
  });
});

test('what one snapshot shows and the next does not is found by account, and nothing where they are alike', async () => {
  const { ledger, redis, keys } = bench.create();
  const { nodes } = ledger;
  const put = async (generation: string, numbers: readonly number[]) => {
    const digests = createNodeDigests();
    const list = numbers.map((n) => aNode(n, generation));
    for (const node of list) digests.add(node);
    await nodes.addNodes(generation, list, TTL_MS);
    await nodes.putDigests(generation, digests.digests(), TTL_MS);
    await nodes.publish(published(generation, numbers.length));
    return { generation, digests: digests.digests() };
  };
  const vanished = async (before: InventoryFacts, next: Awaited<ReturnType<typeof put>>) => {
    const found = await nodes.vanished(before, next);
    if (found === null) return null;
    const all: string[] = [];
    for await (const { accountId, instanceIds } of found) {
      all.push(...instanceIds.map((id) => `${accountId} ${id}`));
    }
    return all;
  };
  expect(await vanished(await nodes.facts(), await put('g1', [0, 1, 2, 3]))).toBeNull();
  const first = await nodes.facts();

  expect(await vanished(first, await put('g2', [3, 2, 1, 0]))).toEqual([]);
  expect(await vanished(first, await put('g3', [0, 1, 2, 5]))).toEqual([
    `${anAccountId(1)} ${anInstanceId(3)}`,
  ]);
  // A whole account, and one of a snapshot that is empty.
  expect(await vanished(first, await put('g4', [1, 3]))).toHaveLength(2);
  expect(await vanished(first, await put('g5', []))).toHaveLength(4);
  expect(await vanished(await nodes.facts(), await put('g6', [1]))).toEqual([]);
  // The digests of one that is over are gone before its nodes are.
  await redis.del(keys.nodeDigests('g1'));
  expect(await vanished(first, await put('g7', [1]))).toBeNull();
});
