import { anInstanceId, aRecord, aTarget } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { LEDGER_SCHEMA } from '../control/installation.ts';
import { targetId } from '../organization/target.ts';
import type { Ledger } from '../control/ledger.ts';
import { createPlaceChanges } from '../organization/place-change-store.ts';
import { createChangeLedger } from './change-store.ts';

const bench = useLedgerBench();
const target = aTarget();

async function discover(ledger: Ledger, ...numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    const value = aRecord('ineligible', { instanceId: anInstanceId(n) });
    await ledger.enrollments.write(target, 'each', [{ instanceId: anInstanceId(n), expected: 0, value }], []);
  }
}

test('a reader reads on from the last entry that it has seen', async () => {
  const { ledger } = bench.create();
  await discover(ledger, 1, 2, 3);

  const first = await ledger.changes.read('0-0', 2);
  const second = await ledger.changes.read(first.nextId, 2);
  const third = await ledger.changes.read(second.nextId, 2);

  expect([first, second, third].map(({ entries, behind }) => [entries.length, behind])).toEqual([
    [2, false],
    [1, false],
    [0, false],
  ]);
  expect(second.entries).toEqual([
    {
      id: second.nextId,
      v: LEDGER_SCHEMA,
      target: targetId(target),
      instances: [[anInstanceId(3), null, 'ineligible', 'ec2-ssm-agent-not-registered']],
      touched: [],
      more: {},
    },
  ]);
});

test('a reader that begins now is told what comes from now on', async () => {
  const { ledger } = bench.create();
  expect(await ledger.changes.read('now', 5)).toEqual({ entries: [], nextId: '0-0', behind: false });
  await discover(ledger, 1);
  const { nextId } = await ledger.changes.read('now', 5);

  await discover(ledger, 2);

  const { entries, behind } = await ledger.changes.read(nextId, 5);
  expect(entries.map(({ instances }) => instances[0]?.[0])).toEqual([anInstanceId(2)]);
  expect(behind).toBe(false);
});

test('a reader whose last entry was cut off, or that was there before Redis was emptied, is told so', async () => {
  const { ledger, redis, keys } = bench.create();
  await discover(ledger, 1, 2, 3);
  const { nextId } = await ledger.changes.read('0-0', 1);
  await redis.xtrim(keys.changes, 'MAXLEN', 1);

  const cut = await ledger.changes.read(nextId, 5);
  await redis.del(keys.changes);
  const emptied = await ledger.changes.read(cut.nextId, 5);
  await discover(ledger, 4);
  const anew = await ledger.changes.read(emptied.nextId, 5);

  expect(cut).toMatchObject({
    behind: true,
    entries: [{ instances: [[anInstanceId(3), null, 'ineligible', 'ec2-ssm-agent-not-registered']] }],
  });
  expect(emptied).toEqual({ entries: [], nextId: '0-0', behind: true });
  expect(anew).toMatchObject({ behind: false, entries: [{ id: anew.nextId }] });
});

test('a record that is written without another state or cause is told as touched, and so is one that is set aside', async () => {
  const { ledger, redis, keys } = bench.create();
  await discover(ledger, 1, 2);
  const { nextId } = await ledger.changes.read('now', 5);
  const [before] = (await ledger.enrollments.read(target, [anInstanceId(1)])).values();
  const value = aRecord('ineligible', { instanceId: anInstanceId(1), wave: 'first' });
  await ledger.enrollments.write(
    target,
    'each',
    [{ instanceId: anInstanceId(1), expected: before?.version ?? 0, value }],
    [],
  );
  await redis.hset(keys.target(target).instances, anInstanceId(2), 'no record');
  await ledger.enrollments.setAsideUnreadable(target);

  const { entries } = await ledger.changes.read(nextId, 5);

  expect(entries.map(({ instances, touched }) => [instances, touched])).toEqual([
    [[], [anInstanceId(1)]],
    [[], [anInstanceId(2)]],
  ]);
});

test('what a newer release adds is kept, and what is no change is left out', async () => {
  const { ledger, redis, keys } = bench.create();
  const instances = JSON.stringify([['i-1', 'quarantined', 'resting', 'a-new-cause', 'why']]);
  await redis.xadd(keys.changes, '*', 'v', '2', 'target', 't', 'instances', instances, 'actor', 'me');
  await redis.xadd(keys.changes, '*', 'v', '1', 'target', 't', 'instances', 'no JSON');
  await redis.xadd(keys.changes, '*', 'evil', 'x');

  const { entries } = await ledger.changes.read('0-0', 9);

  expect(entries).toMatchObject([{ v: 2, target: 't', more: { actor: 'me' } }]);
  expect(entries[0]?.instances).toEqual(JSON.parse(instances));
});

test.each(['changes', 'placeChanges'] as const)(
  'a reader of %s is told that it is behind when the stream is cut between its two questions',
  async (stream) => {
    const { redis, keys } = bench.create();
    const first = await redis.xadd(keys[stream], '*', 'places', 'a');
    for (const place of ['b', 'c']) await redis.xadd(keys[stream], '*', 'places', place);
    // The same connection, where another process's cut arrives behind the first question.
    let asked = 0;
    const cutBetween = Object.assign(Object.create(redis) as typeof redis, {
      async xrange(...args: Parameters<typeof redis.xrange>) {
        const answer = redis.xrange(...args);
        if ((asked += 1) === 1) void redis.xtrim(keys[stream], 'MAXLEN', 1);
        return answer;
      },
    });
    const create = stream === 'changes' ? createChangeLedger : createPlaceChanges;

    const { behind } = await create({ redis: cutBetween, keys }).read(first ?? '', 10);

    expect(behind).toBe(true);
  },
);
