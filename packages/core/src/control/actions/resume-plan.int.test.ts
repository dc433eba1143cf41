/** Plans of pauses and resumes: they end what was shown, and hold what they say. */
import { anInstanceId, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { ALL, type ScopeText } from '../scope.ts';
import { anOperator } from './act.fixture.ts';
import type { Requested } from './plan.ts';

const bench = useLedgerBench();
const EVERYTHING = { kind: 'scope', scope: ALL } as const;

/** Hosts that failed, `perTarget` in each of some accounts. */
async function failedFleet(targets: number, perTarget: number) {
  const one = bench.create();
  const operator = anOperator(one.ledger);
  for (let t = 0; t < targets; t += 1) {
    const records = Array.from({ length: perTarget }, (_, n) =>
      aRecord('failed', { instanceId: anInstanceId(t * 1_000 + n) }),
    );
    const changes = records.map((value) => ({ instanceId: value.instanceId, expected: 0, value }));
    await one.ledger.enrollments.write(aTarget(t), 'each', changes, []);
  }
  const pause = (scope: ScopeText, atMs = NOW_MS, by: 'operator' | 'brake' = 'operator') =>
    one.ledger.control.pause({ scope, atMs, by, reason: '' });
  const effectOf = async (asked: Requested) => {
    const result = await operator.plan('resume', asked);
    if ('fault' in result) throw new Error(result.fault);
    return result.plan.facts.plan.effect;
  };
  const paused = async () => (await one.ledger.control.pauses()).map(({ scope }) => scope).toSorted();
  return { ...one, operator, pause, paused, effectOf };
}

test('everything is resumed while a large account stays paused, and then that account', async () => {
  const one = await failedFleet(2, 30);
  const account = `account:${aTarget(0).accountId}` as const;
  await one.pause('all');
  await one.pause(account);

  const all = await one.operator.planned('resume', EVERYTHING);
  expect(await one.operator.start(all)).toMatchObject({ kind: 'begun' });
  await one.operator.run(all);
  expect(await one.paused()).toEqual([account]);

  await one.pause('all');
  const ofAccount = { kind: 'scope', scope: { kind: 'account', value: aTarget(0).accountId } } as const;
  const some = await one.operator.planned('resume', ofAccount);
  expect(await one.operator.start(some)).toMatchObject({ kind: 'begun' });
});

test('a resume that would end more than was shown is a conflict: a later pause, a brake, a dropped inventory', async () => {
  const one = await failedFleet(1, 1);
  const dropped = { generation: 'g1', begunAtMs: NOW_MS, nodes: 9, error: 'it lost nodes', dropped: true };
  const plan = () => one.operator.planned('resume', EVERYTHING);
  const conflict = (what: string) => ({
    kind: 'conflict',
    reason: expect.stringMatching(new RegExp(`^it would end ${what}.* which was not shown: plan again$`)),
  });

  await one.pause('all');
  const beforePause = await plan();
  await one.pause('all', NOW_MS + 1);
  expect(await one.operator.start(beforePause)).toEqual(conflict('the pause of every account'));

  const beforeBrake = await plan();
  await one.pause('all', NOW_MS + 2, 'brake');
  expect(await one.operator.start(beforeBrake)).toEqual(conflict('the brake on every account'));

  const beforeDrop = await plan();
  await one.ledger.nodes.publish(dropped);
  expect(await one.operator.start(beforeDrop)).toEqual(conflict('the doubt about an inventory'));

  const beforeReading = await plan();
  await one.ledger.nodes.publish({ ...dropped, generation: 'g2' });
  expect(await one.operator.start(beforeReading)).toEqual(conflict('the doubt about an inventory'));
  expect(await one.ledger.nodes.facts()).toMatchObject({ dropped: true });

  expect(await one.operator.start(await plan())).toMatchObject({ kind: 'begun' });
});

test('less than was shown may be ended: what another operator has resumed meanwhile is no conflict', async () => {
  const one = await failedFleet(1, 1);
  await one.pause('all');
  const id = await one.operator.planned('resume', EVERYTHING);
  await one.ledger.control.resume('all');

  expect(await one.operator.start(id)).toMatchObject({ kind: 'begun' });
});

test('an inventory that was read after the acceptance began is not accepted by it', async () => {
  const one = bench.create();
  const operator = anOperator(one.ledger);
  const dropped = { generation: 'g1', begunAtMs: NOW_MS, nodes: 9, error: 'it lost nodes', dropped: true };
  await one.ledger.nodes.publish(dropped);
  const { id } = await operator.begin('accept-inventory', EVERYTHING);
  await one.ledger.nodes.publish({ ...dropped, generation: 'g2' });

  await operator.run(id);

  expect(await one.ledger.nodes.facts()).toMatchObject({ dropped: true, generation: 'g2' });
  expect(await one.ledger.actions.read(id)).toMatchObject({
    state: 'failed',
    message: 'another inventory has been read since: plan again',
  });
});

test('a reading of the same inventory that lost more is another one than was shown', async () => {
  const one = bench.create();
  const operator = anOperator(one.ledger);
  const dropped = { generation: 'g1', begunAtMs: NOW_MS, nodes: 9, error: '4 of 9 nodes', dropped: true };
  await one.ledger.nodes.publish(dropped);
  const id = await operator.planned('accept-inventory', EVERYTHING);
  await one.ledger.nodes.publish({ ...dropped, error: '1 of 9 nodes' });

  expect(await operator.start(id)).toEqual({
    kind: 'conflict',
    reason: 'another inventory has been read since: plan again',
  });
});

test('a worker that takes over a resume ends nothing that was paused after it was shown', async () => {
  const one = await failedFleet(1, 1);
  await one.pause('all');
  const { id } = await one.operator.begin('resume', EVERYTHING);
  // The process that began it is gone, and an operator pauses before another one goes on.
  await one.pause('all', NOW_MS + 1);

  await one.operator.run(id);

  expect(await one.paused()).toEqual(['all']);
  expect(await one.ledger.actions.read(id)).toMatchObject({
    state: 'failed',
    message: expect.stringContaining('which was not shown: plan again'),
  });
});

test.each([
  ['before it is known to be done', 'noteActed', []],
  ['before the audit hears of it', 'audit', ['all']],
] as const)('a resume that is killed %s is told once, as its first try saw it', async (_, where, left) => {
  const one = await failedFleet(1, 1);
  await one.pause('all');
  const { id } = await one.operator.begin('resume', EVERYTHING);
  const killed = (): Promise<never> => Promise.reject(new Error('killed'));
  const { actions, audit } = one.ledger;
  const dying = anOperator({
    ...one.ledger,
    ...(where === 'audit'
      ? { audit: { ...audit, append: killed } }
      : { actions: { ...actions, noteActed: killed } }),
  });
  await expect(dying.run(id)).rejects.toThrow('killed');
  expect(await one.paused()).toEqual([]);
  // What an operator orders after the act was done is not undone by the one who tells of it.
  if (where === 'audit') await one.pause('all', NOW_MS + 1);

  await one.operator.run(id);
  await one.operator.run(id);

  expect(await one.paused()).toEqual(left);
  expect(await one.ledger.actions.read(id)).toMatchObject({ state: 'done', message: 'resumed all' });
  const told = (await audit.newest(10)).filter(({ entry }) => entry?.act === 'resume');
  expect(told.map(({ entry }) => entry?.detail)).toEqual(['resumed all']);
});

test('a resume that was done before its process was killed is told as done, and ends no pause that came since', async () => {
  const one = await failedFleet(1, 1);
  await one.pause('all');
  const { id } = await one.operator.begin('resume', EVERYTHING);
  const noteActed = (): Promise<never> => Promise.reject(new Error('killed'));
  const dying = anOperator({ ...one.ledger, actions: { ...one.ledger.actions, noteActed } });
  await expect(dying.run(id)).rejects.toThrow('killed');
  await one.pause('all', NOW_MS + 1, 'brake');

  await one.operator.run(id);

  expect(await one.paused()).toEqual(['all']);
  expect(await one.ledger.actions.read(id)).toMatchObject({ state: 'done', message: 'resumed all' });
});

test('a resume that was killed half way and meets a later pause fails, and says that some of it may be done', async () => {
  const one = await failedFleet(1, 2);
  const [first, second] = [anInstanceId(0), anInstanceId(1)];
  await one.pause(`instance:${first}`);
  await one.pause(`instance:${second}`);
  const { id } = await one.operator.begin('resume', { kind: 'list', ids: [first, second] });
  const resume = async (scope: ScopeText): Promise<boolean> => {
    if (scope === `instance:${second}`) throw new Error('killed');
    return one.ledger.control.resume(scope);
  };
  const dying = anOperator({ ...one.ledger, control: { ...one.ledger.control, resume } });
  await expect(dying.run(id)).rejects.toThrow('killed');
  await one.pause(`instance:${first}`, NOW_MS + 1);

  await one.operator.run(id);

  expect(await one.paused()).toEqual([`instance:${first}`, `instance:${second}`]);
  expect(await one.ledger.actions.read(id)).toMatchObject({
    state: 'failed',
    message: expect.stringMatching(
      /^some of it may be done; for the rest it would end the pause of instance/,
    ),
  });
});

/** Of an inventory the previous release pins its generation alone. */
const PREVIOUS_RESUME = JSON.stringify({
  pins: ['["the doubt about an inventory that lost nodes: the smaller one is taken for true","g1"]'],
  gone: [],
});

test.each([
  ['accept-inventory', 'g1'],
  ['resume', PREVIOUS_RESUME],
] as const)(
  'a plan of the previous release about an inventory is begun and done by this one: %s',
  async (kind, pinned) => {
    const one = bench.create();
    const operator = anOperator(one.ledger);
    const dropped = { generation: 'g1', begunAtMs: NOW_MS, nodes: 9, error: 'it lost nodes', dropped: true };
    await one.ledger.nodes.publish(dropped);
    const asPrevious = async () => {
      const id = await operator.planned(kind, EVERYTHING);
      const key = one.keys.action(id);
      const facts = JSON.parse((await one.redis.hget(key, 'facts')) ?? '') as object;
      await one.redis.hset(key, 'facts', JSON.stringify({ ...facts, pinned }));
      return id;
    };
    const [outdated, id] = [await asPrevious(), await asPrevious()];

    expect(await operator.start(id)).toMatchObject({ kind: 'begun' });
    await operator.run(id);
    expect(await one.ledger.nodes.facts()).toMatchObject({ dropped: false });
    expect(await one.ledger.actions.read(id)).toMatchObject({ state: 'done' });

    await one.ledger.nodes.publish({ ...dropped, generation: 'g2' });
    expect(await operator.start(outdated)).toMatchObject({ kind: 'conflict' });
  },
);

test('a pause of a list with an unknown id, or of a filter that gives nothing, is refused', async () => {
  const one = await failedFleet(1, 2);
  const unknown = anInstanceId(999_999);

  expect(await one.operator.plan('pause', { kind: 'list', ids: [anInstanceId(0), unknown] })).toEqual({
    fault: expect.stringContaining(`no scan has seen ${unknown} wanted by a matcher`),
  });
  const ofNothing = { kind: 'filter', filter: { state: ['lost'] }, ids: ReadableStream.from([]) } as const;
  expect(await one.operator.plan('pause', ofNothing)).toEqual({
    fault: expect.stringContaining('no host was chosen'),
  });
  const byFilter = {
    kind: 'filter',
    filter: { state: ['failed'] },
    ids: ReadableStream.from([anInstanceId(1), unknown]),
  } as const;
  expect(await one.operator.act('pause', byFilter)).toMatchObject({
    message: 'paused 1 of 2 hosts by the filter state=failed',
  });
  expect(await one.paused()).toEqual([`instance:${anInstanceId(1)}`]);
});

test('a resume of a list names the pauses that it ends and what still holds its hosts', async () => {
  const one = await failedFleet(2, 1);
  const [first, second, gone] = [anInstanceId(0), anInstanceId(1_000), anInstanceId(999_999)];
  await one.pause(`instance:${first}`);
  await one.pause(`instance:${gone}`);
  await one.pause(`account:${aTarget(1).accountId}`);
  const asked = { kind: 'list', ids: [first, second, gone] } as const;

  expect(await one.effectOf(asked)).toBe(
    `It ends the pause of instance ${first} by an operator; the pause of instance ${gone} by an operator. 1 host may be sent to again. The pause of account ${aTarget(1).accountId} holds 1 host of them until it is resumed.`,
  );
  await one.operator.act('resume', asked);

  expect(await one.paused()).toEqual([`account:${aTarget(1).accountId}`]);
});

test('an action about a scope of a newer release ends as failed, and does nothing', async () => {
  const one = await failedFleet(1, 1);
  const ids = await Promise.all(
    (['retry', 'cancel', 'pause', 'sweep'] as const).map((kind) => one.operator.begin(kind, EVERYTHING)),
  );
  const newer = {
    ...one.ledger.actions,
    read: async (id: (typeof ids)[number]['id']) => {
      const action = await one.ledger.actions.read(id);
      return action === null ? null : { ...action, selection: { scope: 'unit:ou-1' } };
    },
  };
  for (const { id } of ids) await anOperator({ ...one.ledger, actions: newer }).run(id);

  for (const { id } of ids) {
    expect(await one.ledger.actions.read(id)).toMatchObject({
      state: 'failed',
      message: 'this release cannot read the scope unit:ou-1',
    });
  }
  expect(await one.paused()).toEqual([]);
  const read = await one.ledger.enrollments.read(aTarget(0), [anInstanceId(0)]);
  expect(read.get(anInstanceId(0))?.value.state).toBe('failed');
});
