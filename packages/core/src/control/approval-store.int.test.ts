import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';

const bench = useLedgerBench();
const REQUEST = {
  subject: 'wave:eu',
  hosts: 100,
  accounts: 10,
  grow: 0.1,
  detail: 'Wave eu begins.',
} as const;

test('what is asked for waits until an operator approves it, and is pinned as it was shown', async () => {
  const { approvals } = bench.create().ledger;
  await approvals.ask(REQUEST);
  const [shown] = await approvals.requests();
  expect(shown).toMatchObject(REQUEST);
  if (shown === undefined) throw new Error('nothing is asked for');

  // One more host is told of between the look and the approval.
  await approvals.ask({ ...REQUEST, hosts: 105 });
  await approvals.approve(shown, 'ann');

  expect(await approvals.requests()).toEqual([]);
  expect(await approvals.approval('wave:eu')).toMatchObject({
    hosts: 100,
    accounts: 10,
    grow: 0.1,
    by: 'ann',
  });
});

test('a growth of 11 % is asked for again, one of 10 % is not', async () => {
  const { approvals } = bench.create().ledger;
  await approvals.ask(REQUEST);
  for (const shown of await approvals.requests()) await approvals.approve(shown, 'ann');

  await approvals.ask({ ...REQUEST, hosts: 110, accounts: 11 });
  expect(await approvals.requests()).toEqual([]);
  await approvals.ask({ ...REQUEST, hosts: 111, accounts: 11 });

  expect(await approvals.requests()).toMatchObject([{ subject: 'wave:eu', hosts: 111 }]);
});

test('since when something is asked for stays while its figures change, and is dated by Redis', async () => {
  const { ledger, redis } = bench.create();
  await ledger.approvals.ask(REQUEST);
  const [first] = await ledger.approvals.requests();

  await ledger.approvals.ask({ ...REQUEST, hosts: 101 });

  const [again] = await ledger.approvals.requests();
  expect(again).toEqual({ ...first, hosts: 101 });
  const [seconds] = await redis.time();
  expect(Math.abs(Number(again?.sinceMs) / 1_000 - Number(seconds))).toBeLessThan(5);
});

test('an approval that cannot be read is none', async () => {
  const { ledger, redis, keys } = bench.create();
  await redis.hset(keys.approvals, 'wave:eu', '{"subject":"wave:eu","hosts":"many"}');
  await ledger.approvals.ask(REQUEST);

  expect(await ledger.approvals.approval('wave:eu')).toBeNull();
  expect(await ledger.approvals.requests()).toHaveLength(1);
});

test('what is withdrawn is neither asked for nor approved', async () => {
  const { approvals } = bench.create().ledger;
  await approvals.ask(REQUEST);
  for (const shown of await approvals.requests()) await approvals.approve(shown, 'ann');

  await approvals.withdraw('wave:eu');

  expect(await approvals.approval('wave:eu')).toBeNull();
});
