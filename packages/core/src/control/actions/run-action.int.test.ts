import { aBatchId, anInstanceId, anIntent, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { InstanceId } from '../../organization/ids.ts';
import type { Target } from '../../organization/target.ts';
import { verifyChain } from '../audit/verify-chain.ts';
import { ALL } from '../scope.ts';
import { anOperator, ANN } from './act.fixture.ts';
import { ActionId, rampOfAction } from './action.ts';
import { cancelAction } from './start-action.ts';

const bench = useLedgerBench();

/** Hosts that failed, in targets of their own: `perTarget` in each. */
async function failedFleet(targets: number, perTarget: number) {
  const one = bench.create();
  const ids: InstanceId[] = [];
  for (let t = 0; t < targets; t += 1) {
    const records = Array.from({ length: perTarget }, (_, n) =>
      aRecord('failed', { instanceId: anInstanceId(t * 1_000 + n) }),
    );
    ids.push(...records.map(({ instanceId }) => instanceId));
    await one.ledger.enrollments.write(
      aTarget(t),
      'each',
      records.map((value) => ({ instanceId: value.instanceId, expected: 0, value })),
      [],
    );
  }
  return { ...one, ids, operator: anOperator(one.ledger) };
}

/** Per host, how many times its record was retried: each retry is an entry of the change stream from failed to queued. */
async function retriesOf({ ledger }: Pick<TestLedger, 'ledger'>): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const { entries } = await ledger.changes.read('0-0', 10_000);
  for (const { instances } of entries) {
    for (const [id, from, to] of instances) {
      if (from === 'failed' && to === 'queued') counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

async function entriesOf({ ledger }: Pick<TestLedger, 'ledger'>) {
  expect((await verifyChain(ledger.audit.chain())).fault).toBeNull();
  return (await ledger.audit.newest(50)).map(({ entry }) => entry).toReversed();
}

test('a list is retried by a ramp, and what cannot be is told by its reason', async () => {
  const one = await failedFleet(2, 3);
  const joined = aRecord('joined', { instanceId: anInstanceId(900) });
  await one.ledger.enrollments.write(
    aTarget(0),
    'each',
    [{ instanceId: joined.instanceId, expected: 0, value: joined }],
    [],
  );
  const asked = { kind: 'list', ids: [...one.ids, joined.instanceId, anInstanceId(999_999)] } as const;

  const result = await one.operator.plan('retry', asked);
  if ('fault' in result) throw new Error(result.fault);
  expect(result.plan.facts).toMatchObject({
    about: '8 hosts of a list',
    plan: {
      hosts: 6,
      accounts: 2,
      skipped: [
        { reason: 'not known: no scan has seen it wanted by a matcher', hosts: 1 },
        { reason: 'has joined', hosts: 1 },
      ],
      ramp: 'It begins with 2 hosts, and 2 times as many each time 90 % of a step have joined: 2 steps when all is well.',
    },
  });
  expect((await retriesOf(one)).size).toBe(0);
  const { id } = result.plan;
  await one.operator.start(id);
  await one.operator.run(id);

  expect(await one.ledger.actions.read(id)).toMatchObject({
    state: 'done',
    progress: { total: 8, done: 6, skipped: 2, failed: 0 },
    message: '6 hosts will be tried again',
  });
  expect(await one.ledger.ramps.all()).toMatchObject([
    { id: rampOfAction(id), kind: 'retry', subject: '8 hosts of a list' },
  ]);
  expect(await entriesOf(one)).toMatchObject([
    {
      act: 'retry',
      result: 'begun',
      ...ANN,
      dryRun: { hosts: 6, accounts: 2 },
      basis: `plan ${id}`,
      reason: 'test',
    },
    {
      act: 'retry',
      result: 'done',
      ...ANN,
      detail: '6 hosts will be tried again; 6 of 8 hosts done, 2 left alone',
    },
  ]);
});

test('the ids that a filter gives are pinned by the plan: what fits it later is not retried', async () => {
  const one = await failedFleet(1, 3);
  const [first, second, third] = one.ids;
  async function* ids() {
    for (const id of [first, second]) if (id !== undefined) yield id;
  }

  const { hosts } = await one.operator.act('retry', {
    kind: 'filter',
    filter: { state: ['failed'] },
    ids: ids(),
  });

  expect(hosts).toBe(2);
  expect(new Set((await retriesOf(one)).keys())).toEqual(new Set([first, second]));
  expect(
    (await one.ledger.enrollments.read(aTarget(0), third === undefined ? [] : [third])).values().next().value,
  ).toMatchObject({ value: { state: 'failed' } });
  expect((await entriesOf(one)).at(-1)?.scope).toBe('2 hosts by the filter state=failed');
});

test('a process that is killed between a step and its count leaves no host out, and retries none twice', async () => {
  const one = await failedFleet(3, 4);
  const { id } = await one.operator.begin('retry', { kind: 'scope', scope: ALL });
  await one.operator.run(id, 0);
  expect(await one.ledger.actions.read(id)).toMatchObject({
    state: 'running',
    cursor: 1,
    progress: { done: 4 },
  });
  // The records of the second step are written, and it was not counted.
  const dying = {
    ...one.ledger,
    actions: { ...one.ledger.actions, step: () => Promise.reject(new Error('killed')) },
  };
  await expect(anOperator(dying).run(id)).rejects.toThrow('killed');
  expect((await retriesOf(one)).size).toBe(8);

  await anOperator(one.another()).run(id);

  expect(await one.ledger.actions.read(id)).toMatchObject({
    state: 'done',
    progress: { total: 12, done: 12 },
  });
  expect([...(await retriesOf(one)).values()]).toEqual(Array.from({ length: 12 }, () => 1));
});

test('processes that run an action side by side count each host once and retry it once', async () => {
  const one = await failedFleet(6, 5);
  const { id } = await one.operator.begin('retry', { kind: 'scope', scope: ALL });

  await Promise.all(
    [one.another(), one.another(), one.another()].map((ledger) => anOperator(ledger).run(id)),
  );

  expect(await one.ledger.actions.read(id)).toMatchObject({
    state: 'done',
    progress: { total: 30, done: 30 },
  });
  expect([...(await retriesOf(one)).values()]).toEqual(Array.from({ length: 30 }, () => 1));
  expect((await entriesOf(one)).map((entry) => entry?.result)).toEqual(['begun', 'done']);
});

test('a host that failed again meanwhile is not retried once more by the same action', async () => {
  const one = await failedFleet(2, 1);
  const { id } = await one.operator.begin('retry', { kind: 'scope', scope: ALL });
  await one.operator.run(id, 0);
  const target: Target = aTarget(0);
  const [instanceId = anInstanceId()] = one.ids;
  const stored = (await one.ledger.enrollments.read(target, [instanceId])).get(instanceId);
  const again = { ...aRecord('failed', { instanceId }), ramp: stored?.value.ramp };
  await one.ledger.enrollments.write(
    target,
    'each',
    [{ instanceId, expected: stored?.version ?? 0, value: again }],
    [],
  );

  // As another process would that had read the first step before it was counted.
  const late = {
    ...one.ledger.actions,
    read: async () => ({ ...(await one.ledger.actions.read(id)), cursor: 0 }),
  };
  await anOperator({ ...one.ledger, actions: late as typeof one.ledger.actions }).run(id);

  expect((await one.ledger.enrollments.read(target, [instanceId])).get(instanceId)?.value.state).toBe(
    'failed',
  );
});

test('the same key again is the same action, another request by it a conflict, and a plan begins once', async () => {
  const one = await failedFleet(1, 1);
  const [first, second] = [
    await one.operator.planned('retry', { kind: 'scope', scope: ALL }),
    await one.operator.planned('retry', { kind: 'scope', scope: ALL }),
  ];

  const begun = await one.operator.start(first, 'key', 'body');
  const again = await one.operator.start(first, 'key', 'body');
  const sameKey = await one.operator.start(second, 'key', 'other body');
  const otherKey = await one.operator.start(first, 'another key', 'body');
  const unknown = await one.operator.start(ActionId.parse(aBatchId(77)), 'third', 'body');

  expect(begun).toMatchObject({ kind: 'begun', isNew: true, action: { id: first } });
  expect(again).toMatchObject({ kind: 'begun', isNew: false, action: { id: first } });
  expect(sameKey).toEqual({ kind: 'conflict', reason: `the key began another action: ${first}` });
  expect(otherKey).toEqual({ kind: 'conflict', reason: 'the plan was begun already: plan again' });
  expect(unknown).toEqual({ kind: 'missing' });
  expect(await entriesOf(one)).toHaveLength(1);
});

test('a cancellation stops what is not done, keeps what is, and is told with who ordered it', async () => {
  const one = await failedFleet(3, 2);
  const { id } = await one.operator.begin('retry', { kind: 'scope', scope: ALL });
  await one.operator.run(id, 0);
  const running = await one.ledger.actions.read(id);
  if (running === null) throw new Error('it runs');

  const bob = { by: { ...ANN.by, name: 'bob' }, from: ANN.from };
  expect(await cancelAction({ ledger: one.ledger }, running, bob)).toBe(true);
  expect(await cancelAction({ ledger: one.ledger }, running, bob)).toBe(false);
  expect(await one.operator.run(id)).toMatchObject({ isOver: true });

  expect((await retriesOf(one)).size).toBe(2);
  expect(await one.ledger.actions.read(id)).toMatchObject({
    state: 'canceled',
    progress: { done: 2, total: 6 },
  });
  expect((await entriesOf(one)).at(-1)).toMatchObject({ result: 'canceled', by: { name: 'bob' } });
  expect((await one.ledger.due.count('actions')).all).toBe(0);
});

test('a plan that would touch many more by now is not begun', async () => {
  const one = await failedFleet(1, 5);
  const id = await one.operator.planned('retry', { kind: 'scope', scope: ALL });
  const more = Array.from({ length: 30 }, (_, n) => aRecord('failed', { instanceId: anInstanceId(500 + n) }));
  await one.ledger.enrollments.write(
    aTarget(0),
    'each',
    more.map((value) => ({ instanceId: value.instanceId, expected: 0, value })),
    [],
  );

  expect(await one.operator.start(id)).toEqual({
    kind: 'conflict',
    reason: 'it would touch 35 hosts by now, and 5 were shown: plan again',
  });
});

test('a pause and a resume act at once, on a scope or on the instances of a list, and refuse too many of those', async () => {
  const one = await failedFleet(1, 2);
  const scopes = async () => (await one.ledger.control.pauses()).map(({ scope }) => scope).toSorted();

  await one.operator.act('pause', { kind: 'list', ids: one.ids });
  expect(await scopes()).toEqual(one.ids.map((id) => `instance:${id}`));
  await one.operator.act('resume', { kind: 'list', ids: one.ids });
  expect(await scopes()).toEqual([]);
  await one.operator.act('pause', { kind: 'scope', scope: { kind: 'account', value: aTarget(0).accountId } });
  expect(await scopes()).toEqual([`account:${aTarget(0).accountId}`]);

  const many = Array.from({ length: 101 }, (_, n) => anInstanceId(n));
  expect(await one.operator.plan('pause', { kind: 'list', ids: many })).toMatchObject({
    fault: expect.stringContaining('too many to pause one by one'),
  });
  expect((await entriesOf(one)).map((entry) => [entry?.act, entry?.result])).toEqual([
    ['pause', 'done'],
    ['resume', 'done'],
    ['pause', 'done'],
  ]);
});

test('a pause by a filter pauses the hosts that the plan chose', async () => {
  const one = await failedFleet(2, 2);
  const chosen = one.ids.slice(0, 2);
  const asked = () =>
    ({ kind: 'filter', filter: { state: ['failed'] }, ids: ReadableStream.from(chosen) }) as const;

  await one.operator.act('pause', asked());

  expect((await one.ledger.control.pauses()).map(({ scope }) => scope).toSorted()).toEqual(
    chosen.map((id) => `instance:${id}`).toSorted(),
  );
  await one.operator.act('resume', asked());
  expect(await one.ledger.control.pauses()).toEqual([]);
});

test('a cancellation of commands asks for the hosts of a list alone', async () => {
  const one = bench.create();
  const operator = anOperator(one.ledger);
  const target = aTarget(0);
  const live = [1, 2].map((n) => ({
    ...aRecord('installing', { instanceId: anInstanceId(n) }),
    batchId: aBatchId(),
  }));
  const intent = anIntent({ batchId: aBatchId(), instanceIds: live.map(({ instanceId }) => instanceId) });
  await one.ledger.enrollments.write(
    target,
    'all',
    live.map((value) => ({ instanceId: value.instanceId, expected: 0, value })),
    [{ batchId: intent.batchId, expected: 0, value: intent }],
  );

  await operator.act('cancel', { kind: 'list', ids: [anInstanceId(2)] });

  expect(operator.cancels).toEqual([{ target, batchId: aBatchId(), instanceId: anInstanceId(2) }]);
});

test('an approval pins what was shown, and one that waits no longer is refused', async () => {
  const one = bench.create();
  const operator = anOperator(one.ledger);
  const request = {
    subject: 'wave:eu',
    hosts: 40,
    accounts: 3,
    grow: 0.1,
    detail: 'Wave eu begins.',
  } as const;
  await one.ledger.approvals.ask(request);
  const [first, second] = [
    await operator.planned('approve', { kind: 'subject', subject: 'eu' }),
    await operator.planned('approve', { kind: 'subject', subject: 'wave:eu' }),
  ];
  await one.ledger.approvals.ask({ ...request, hosts: 44 });

  await operator.start(first);
  await operator.run(first);

  expect(await one.ledger.approvals.approval('wave:eu')).toMatchObject({ hosts: 40, by: 'ann' });
  expect((await entriesOf(one)).at(-1)).toMatchObject({
    act: 'approve',
    scope: 'wave:eu',
    dryRun: { hosts: 40, accounts: 3 },
    detail: 'approved wave:eu: 40 hosts in 3 accounts',
  });
  expect(await operator.start(second)).toMatchObject({ kind: 'conflict' });
  expect(await operator.plan('approve', { kind: 'subject', subject: 'us' })).toEqual({
    fault: 'us does not wait for an approval: nothing waits for an approval',
  });
});

test('a dropped inventory is accepted once, and not another than was shown', async () => {
  const one = bench.create();
  const operator = anOperator(one.ledger);
  expect(await operator.plan('accept-inventory', { kind: 'scope', scope: ALL })).toMatchObject({
    fault: expect.stringContaining('no inventory waits'),
  });
  const facts = {
    generation: 'g1',
    begunAtMs: NOW_MS,
    nodes: 100,
    error: 'it lost 60 of 100 nodes',
    dropped: true,
  };
  await one.ledger.nodes.publish(facts);
  const [first, second] = [
    await operator.planned('accept-inventory', { kind: 'scope', scope: ALL }),
    await operator.planned('accept-inventory', { kind: 'scope', scope: ALL }),
  ];

  await operator.start(first);
  await operator.run(first);

  expect(await one.ledger.nodes.facts()).toMatchObject({ dropped: false, error: null, nodes: 0 });
  expect(await operator.start(second)).toMatchObject({ kind: 'conflict' });
  expect((await entriesOf(one)).at(-1)).toMatchObject({ act: 'accept-inventory', result: 'done' });
});

test('the newest thousand actions are kept, and one that runs is not forgotten', async () => {
  const one = await failedFleet(1, 1);
  const [runs, ended] = [
    await one.operator.begin('retry', { kind: 'scope', scope: ALL }),
    await one.operator.begin('pause', { kind: 'scope', scope: ALL }),
  ];
  await one.operator.run(ended.id);
  const many = Array.from({ length: 1_000 }, (_, n) => [one.time.now() + 60_000 + n, `x${n}`]).flat();
  await one.redis.zadd(one.keys.actions, ...many);

  await one.operator.begin('pause', { kind: 'scope', scope: ALL });

  expect(await one.ledger.actions.read(ended.id)).toBeNull();
  expect(await one.ledger.actions.read(runs.id)).toMatchObject({ state: 'running' });
});
