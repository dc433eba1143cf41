import { type ConfigPart, organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { type BenchOptions, useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import {
  enrollHosts,
  missTwice,
  removals,
  terminate,
  upTo,
  withCleanup,
} from '../fixtures/enrolled-hosts.fixture.ts';
import { aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const HOUR_MS = 3_600_000;
const startEnrolled = (count: number, options: BenchOptions = {}) =>
  enrollHosts(startWorkerBench, count, options);
const clean = (bench: WorkerBench, deps = bench.deps) => bench.run('clean-nodes', {}, deps);
async function setFaults(bench: WorkerBench, faults: object): Promise<void> {
  await fetch(`${bench.teleport.url}/_sim/faults`, { method: 'POST', body: JSON.stringify(faults) });
}

/** Instance ids of the nodes that Teleport lists. */
async function listed(bench: WorkerBench): Promise<readonly string[]> {
  const answer = await fetch(`${bench.teleport.url}/_sim/nodes?visible=true`);
  const { nodes } = (await answer.json()) as { nodes: readonly { instanceId: string }[] };
  return nodes.map((node) => node.instanceId).toSorted();
}

test('the node of a terminated instance goes after the second scan, with a line in the log', async () => {
  const bench = await startEnrolled(3);
  const { nodeId } = (await bench.record(instanceId(0))) as { nodeId?: string };
  await terminate(bench, 0);

  await bench.run('scan-target', { target: TARGET });
  expect((await bench.record(instanceId(0))).state).toBe('gone');
  expect(await clean(bench)).toEqual({ removed: 0, left: 0, stopped: null });

  await missTwice(bench);
  expect(await clean(bench)).toEqual({ removed: 1, left: 0, stopped: null });

  expect(await listed(bench)).toEqual([instanceId(1), instanceId(2)]);
  expect(await removals(bench)).toEqual({ nodes: 1, ofRunningHosts: 0 });
  const lines = bench.lines.filter(({ message }) => message === 'node removed from Teleport');
  expect(lines).toMatchObject([
    {
      fields: {
        nodeId,
        instanceId: instanceId(0),
        accountId: TARGET.accountId,
        target: `${TARGET.accountId}.${TARGET.region}`,
        why: 'instance-gone',
      },
    },
  ]);
  expect(await clean(bench)).toEqual({ removed: 0, left: 0, stopped: null });
});

test('it is off unless it is switched on', async () => {
  const bench = await startEnrolled(1, { config: { muster: { inventory: { source: 'tctl' } } } });
  await terminate(bench, 0);
  await missTwice(bench);

  expect(await clean(bench)).toEqual({ removed: 0, left: 0, stopped: 'off' });
  expect(await bench.dueAt('cleanup', 'organization')).toBeNull();
  expect(await removals(bench)).toEqual({ nodes: 0, ofRunningHosts: 0 });
});

test.each([
  ['of everything', {}],
  ['of the account', { accounts: [TARGET.accountId] }],
  ['of clean-up alone', { for: ['clean-up'] }],
])('in a freeze window %s no node goes, and after it they do', async (_, facts) => {
  const bench = await startEnrolled(3);
  await terminate(bench, 0);
  await missTwice(bench);
  const frozen = bench.depsWith(withWindow(bench, facts));

  expect(await clean(bench, frozen)).toMatchObject({ removed: 0 });
  expect(await removals(bench)).toEqual({ nodes: 0, ofRunningHosts: 0 });

  bench.advance(2 * HOUR_MS);
  expect(await clean(bench, frozen)).toMatchObject({ removed: 1 });
});

test('a freeze of sends and repairs holds no clean-up', async () => {
  const bench = await startEnrolled(3);
  await terminate(bench, 0);
  await missTwice(bench);
  const frozen = bench.depsWith(withWindow(bench, { for: ['sends', 'repairs'] }));

  expect(await clean(bench, frozen)).toMatchObject({ removed: 1 });
  const told = (await bench.ledger.audit.newest(9)).filter(({ entry }) => entry?.act === 'clean-up');
  expect(told).toMatchObject([{ entry: { result: 'done' } }]);
  expect(told[0]?.entry?.detail).toMatch(new RegExp(`^1 node removed from Teleport.*${instanceId(0)}`));
});

/** Clean-up, and a window from an hour ago until in an hour. */
function withWindow(bench: WorkerBench, facts: object) {
  const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
  const nowMs = bench.now();
  const window = { name: 'year-end', from: iso(nowMs - HOUR_MS), to: iso(nowMs + HOUR_MS), ...facts };
  const { muster } = withCleanup();
  return { muster: { ...muster, freeze: [window] } } as ConfigPart;
}

test('a host that Muster did not enroll keeps its node', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1, { joined: true })),
    config: withCleanup(),
  });
  await bench.run('read-inventory', {});
  await bench.scanned();
  await terminate(bench, 0);
  await missTwice(bench);
  expect((await bench.record(instanceId(0))).state).toBe('gone');

  expect(await clean(bench)).toMatchObject({ removed: 0, left: 0 });
});

test('EC2 has the last word: a host that runs keeps its node, whatever the ledger says', async () => {
  const bench = await startEnrolled(2);
  await terminate(bench, 0);
  await missTwice(bench);
  // An instance that a listing left out twice, and that is there.
  bench.front.rewrite = (operation, answer) =>
    operation === 'DescribeInstances'
      ? { ...answer, body: answer.body.replaceAll(instanceId(1), instanceId(9)) }
      : answer;
  await missTwice(bench);
  bench.front.rewrite = (_, answer) => answer;
  expect(await bench.states()).toMatchObject({ gone: 2 });

  expect(await clean(bench)).toEqual({ removed: 1, left: 1, stopped: null });

  expect(await listed(bench)).toEqual([instanceId(1)]);
  expect(await removals(bench)).toEqual({ nodes: 1, ofRunningHosts: 0 });
});

test('a forged record of a gone instance has no node removed', async () => {
  const bench = await startEnrolled(1);
  const { keys, redis } = bench.store;
  const { instances } = keys.target(TARGET);
  const text = (await redis.hget(instances, instanceId(0))) ?? '';
  const forged = text.replace('|joined|', '|gone|').replace('"state":"joined"', '"state":"gone"');
  expect(forged).not.toBe(text);
  await redis.hset(instances, instanceId(0), forged);
  await redis.zadd(keys.countIndex, 0, `s:gone|${TARGET.accountId}.${TARGET.region}`);
  await terminate(bench, 0);
  bench.advance(2 * bench.deps.config.pollIntervalMs);
  const coverage = await bench.ledger.coverage.read(TARGET);
  if (coverage !== null) {
    await bench.ledger.coverage.put(TARGET, { ...coverage, completeAtMs: bench.now() });
  }
  await bench.run('read-inventory', {});

  expect(await clean(bench)).toEqual({ removed: 0, left: 0, stopped: null });
});

test('a node that bears the labels of another instance by now, or none, is left', async () => {
  const bench = await startEnrolled(2);
  await terminate(bench, 0, 1);
  await missTwice(bench);
  const nodes = [
    {
      identityLabels: {
        'teleport.dev/account-id': TARGET.accountId,
        'teleport.dev/instance-id': instanceId(7),
      },
    },
    { identityLabels: {} },
  ];
  for (const [n, shape] of nodes.entries()) {
    const node = { ...TARGET, instanceId: instanceId(n), hostname: `h${n}`, ...shape };
    await fetch(`${bench.teleport.url}/_sim/nodes`, {
      method: 'POST',
      body: JSON.stringify({ nodes: [node] }),
    });
  }

  expect(await clean(bench)).toMatchObject({ removed: 0, left: 2 });
  const left = bench.lines.filter(({ message }) => message === 'node left');
  const whys = new Set(left.map(({ fields }) => (fields as { why?: string }).why));
  expect(whys).toEqual(
    new Set([
      'Teleport has no such node, or it names more than one host',
      'it lacks the labels of its instance',
    ]),
  );
});

test('an hour allows so many removals and no more, over all jobs', async () => {
  const bench = await startEnrolled(5, { config: withCleanup({ per_hour: 2 }) });
  await terminate(bench, ...upTo(5));
  await missTwice(bench);

  expect(await clean(bench)).toEqual({ removed: 2, left: 3, stopped: 'per-hour' });
  expect(await clean(bench)).toEqual({ removed: 0, left: 3, stopped: 'per-hour' });
  const waitMs = ((await bench.dueAt('cleanup', 'organization')) ?? 0) - bench.now();
  expect(waitMs).toBeGreaterThan(HOUR_MS - 120_000);
  // The two were removed one after the other, and so do their places come free.
  bench.advance(waitMs + 10_000);
  expect(await clean(bench)).toEqual({ removed: 2, left: 1, stopped: 'per-hour' });
  expect(await removals(bench)).toEqual({ nodes: 4, ofRunningHosts: 0 });
});

test('more than the share at once waits for an approval, and its finding says how many', async () => {
  const bench = await startEnrolled(12);
  await terminate(bench, ...upTo(11));
  await missTwice(bench);

  expect(await clean(bench)).toEqual({ removed: 0, left: 11, stopped: null });
  const finding = (await bench.ledger.control.findings()).find(({ kind }) => kind === 'cleanup-held');
  expect(finding?.message).toContain('11 of the 12 nodes of all accounts');
  expect(finding?.remedy).toContain('muster approve cleanup');
  const [request] = await bench.ledger.approvals.requests();
  expect(request).toMatchObject({ subject: 'cleanup:nodes', hosts: 11, accounts: 1 });
  expect(request?.detail).toContain(`By account: ${TARGET.accountId}: 11.`);

  if (request !== undefined) await bench.ledger.approvals.approve(request, 'tester');
  expect(await clean(bench)).toEqual({ removed: 11, left: 0, stopped: null });
  expect(await bench.findings()).not.toContain('cleanup-held');
  await clean(bench);
  expect(await bench.ledger.approvals.approval('cleanup:nodes')).toBeNull();
});

test('removed nodes are no drop of the inventory: the next reading holds no send', async () => {
  const bench = await startEnrolled(24, { config: withCleanup({ max_share: 0.9 }) });
  await terminate(bench, ...upTo(12));
  await missTwice(bench);
  expect(await clean(bench)).toMatchObject({ removed: 12 });

  expect(await bench.run('read-inventory', {})).toEqual({ nodes: 12, published: true, error: null });
});

test('nothing is removed while the inventory has dropped, sends are paused or the first send is held', async () => {
  const bench = await startEnrolled(2);
  await terminate(bench, 0);
  await missTwice(bench);

  await bench.ledger.nodes.fail('the inventory went from 100 nodes to 2', 2);
  expect(await clean(bench)).toEqual({ removed: 0, left: 0, stopped: 'inventory' });
  await bench.run('read-inventory', {});

  await bench.ledger.control.pause({ scope: 'all', atMs: bench.now(), by: 'operator', reason: '' });
  expect(await clean(bench)).toEqual({ removed: 0, left: 0, stopped: 'paused' });
  await bench.ledger.control.resume('all');

  await bench.ledger.control.pause({
    scope: `account:${TARGET.accountId}`,
    atMs: bench.now(),
    by: 'operator',
    reason: '',
  });
  expect(await clean(bench)).toEqual({ removed: 0, left: 1, stopped: null });
  await bench.ledger.control.resume(`account:${TARGET.accountId}`);

  const held = bench.depsWith({
    muster: { ...withCleanup().muster, limits: { hold_first_send: true } },
  });
  expect(await clean(bench, held)).toEqual({ removed: 0, left: 0, stopped: 'held' });
  expect(await clean(bench)).toMatchObject({ removed: 1 });
});

test('an identity without the verb is a finding with the role to change, and it goes on once it may', async () => {
  const bench = await startEnrolled(1);
  await terminate(bench, 0);
  await missTwice(bench);
  await setFaults(bench, { removals: 'denied' });

  expect(await clean(bench)).toEqual({ removed: 0, left: 1, stopped: 'denied' });
  const finding = (await bench.ledger.control.findings()).find(({ kind }) => kind === 'cleanup-denied');
  expect(finding?.message).toContain('access denied to perform action "delete" on "node"');
  expect(finding?.remedy).toContain('resources: [node], verbs: [list, read, delete]');

  await setFaults(bench, { removals: 'ok' });
  expect(await clean(bench)).toEqual({ removed: 1, left: 0, stopped: null });
  expect(await bench.findings()).not.toContain('cleanup-denied');
});

test('a node that comes back after its removal is left: what bears the labels runs', async () => {
  const bench = await startEnrolled(1);
  await terminate(bench, 0);
  await missTwice(bench);
  expect(await clean(bench)).toMatchObject({ removed: 1 });
  const back = { ...TARGET, instanceId: instanceId(0), hostname: 'copy', cloudMetadata: null };
  await fetch(`${bench.teleport.url}/_sim/nodes`, {
    method: 'POST',
    body: JSON.stringify({ nodes: [back] }),
  });
  await bench.run('read-inventory', {});

  expect(await clean(bench)).toEqual({ removed: 0, left: 1, stopped: null });
  expect(await removals(bench)).toEqual({ nodes: 1, ofRunningHosts: 0 });
});

test('nodes of an account that left the whole organization go where that is asked for, after two listings', async () => {
  const bench = await startEnrolled(2, { config: withCleanup({ left_accounts: true }) });
  bench.front.rewrite = (operation, answer) => {
    if (operation !== 'ListAccounts') return answer;
    const page = JSON.parse(answer.body) as { Accounts: { Id: string }[] };
    const Accounts = page.Accounts.filter(({ Id }) => Id !== TARGET.accountId);
    return { ...answer, body: JSON.stringify({ ...page, Accounts }) };
  };
  await bench.run('list-accounts', {});
  await bench.run('scan-target', { target: TARGET });
  expect(await bench.states()).toEqual({ gone: 2 });
  expect(await clean(bench)).toMatchObject({ removed: 0, left: 0 });

  bench.advance(bench.deps.config.pollIntervalMs + 1_000);
  await bench.run('list-accounts', {});
  await bench.run('read-inventory', {});
  const off = bench.depsWith(withCleanup());
  expect(await clean(bench, off)).toMatchObject({ removed: 0, left: 0 });
  expect(await clean(bench)).toEqual({ removed: 2, left: 0, stopped: null });
  expect(bench.lines.find(({ message }) => message === 'node removed from Teleport')?.fields).toMatchObject({
    why: 'account-left',
  });
});

test('an account that only left the configuration keeps its nodes', async () => {
  const bench = await startEnrolled(1, { config: withCleanup({ left_accounts: true }) });
  const narrowed = bench.depsWith((facts) => ({
    ...withCleanup({ left_accounts: true }),
    discovery_service: { aws: [{ ...organizationMatcher(facts), exclude_accounts: [TARGET.accountId] }] },
  }));
  await bench.run('list-accounts', {}, narrowed);
  await bench.run('scan-target', { target: TARGET }, narrowed);
  expect(await bench.states()).toEqual({ gone: 1 });
  bench.advance(bench.deps.config.pollIntervalMs + 1_000);
  await bench.run('list-accounts', {}, narrowed);
  await bench.run('read-inventory', {}, narrowed);

  expect(await clean(bench, narrowed)).toMatchObject({ removed: 0, left: 0 });
  expect(await removals(bench)).toEqual({ nodes: 0, ofRunningHosts: 0 });
});
