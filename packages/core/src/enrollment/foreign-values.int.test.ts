import { aCoverage, anAccountId, anInstanceId, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { forgeCandidate, forgeLabels } from '@muster/testing/forger';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { targetId } from '../organization/target.ts';

const bench = useLedgerBench();
const target = aTarget();
const ACCOUNT = anAccountId();

test('a name that is no target’s blocks no list of coverage, and is dropped and told', async () => {
  const { ledger, redis, keys } = bench.create();
  await ledger.coverage.startSweep('sweep');
  await ledger.coverage.putAccounts([
    { accountId: ACCOUNT, name: 'a', state: 'ACTIVE', ancestorIds: ['r-ab12'] },
  ]);
  await ledger.coverage.putRegions(ACCOUNT, [target.region], NOW_MS);
  const text = JSON.stringify(aCoverage());
  await redis.hset(keys.coverage, 'evil/../x', text, '12.*', text);
  await redis.hset(keys.accounts, '../evil', '{}');

  expect((await ledger.coverage.all()).map(({ id }) => id)).toEqual([targetId(target)]);
  expect(await ledger.coverage.accountIds()).toEqual([ACCOUNT]);

  expect((await ledger.coverage.dropForeign()).toSorted()).toEqual(['../evil', '12.*', 'evil/../x']);
  expect(await ledger.coverage.dropForeign()).toEqual([]);
  expect(await redis.hkeys(keys.coverage)).toEqual([targetId(target)]);
  expect(await redis.hkeys(keys.accounts)).toEqual([ACCOUNT]);
});

test.each([1e300, 'soon'])(
  'a date of %s is not one that Muster writes: what carries it is left out of every list',
  async (date) => {
    const { ledger, redis, keys } = bench.create();
    const finding = { kind: 'config-skew', scope: 'x', sinceMs: date, message: '', remedy: '' };
    await redis.hset(keys.findings, 'config-skew|x', JSON.stringify(finding));
    await redis.hset(
      keys.pauses,
      'all',
      JSON.stringify({ scope: 'all', atMs: date, by: 'brake', reason: '' }),
    );
    await redis.hset(
      keys.coverage,
      targetId(target),
      JSON.stringify({ ...aCoverage(), attemptedAtMs: date }),
    );
    await redis.hset(keys.sweep, {
      id: 'sweep',
      startedAtMs: String(date),
      'finishedAtMs:sweep': String(date),
    });
    await redis.hset(keys.inventory, { generation: 'g', begunAtMs: String(date) });
    const facts = { changedAtMs: date };
    await forgeCandidate(
      { redis, keys },
      target,
      anInstanceId(1),
      aRecord('queued').matcherKey,
      NOW_MS,
      facts,
    );

    expect(await ledger.control.findings()).toEqual([]);
    // The pause itself counts all the same.
    expect(await ledger.control.pauses()).toMatchObject([{ scope: 'all', atMs: 0 }]);
    expect(await ledger.coverage.all()).toEqual([]);
    expect(await ledger.coverage.sweep(NOW_MS)).toBeNull();
    expect(await ledger.nodes.facts()).toMatchObject({ begunAtMs: 0 });
    expect((await ledger.enrollments.readAll(target)).size).toBe(0);
    expect(await ledger.enrollments.setAsideUnreadable(target)).toEqual([anInstanceId(1)]);
  },
);

test('a record under another instance’s id, or whose header says otherwise than itself, is unreadable', async () => {
  const { ledger, redis, keys } = bench.create();
  const forger = { redis, keys };
  const { matcherKey } = aRecord('queued');
  await forgeCandidate(forger, target, anInstanceId(1), matcherKey, NOW_MS, { instanceId: anInstanceId(2) });
  await forgeCandidate(forger, target, anInstanceId(3), matcherKey, NOW_MS, { readyAtMs: NOW_MS + 60_000 });
  await forgeCandidate(forger, target, anInstanceId(4), matcherKey, NOW_MS);

  expect([...(await ledger.enrollments.readAll(target)).keys()]).toEqual([anInstanceId(4)]);
  expect((await ledger.enrollments.setAsideUnreadable(target)).toSorted()).toEqual([
    anInstanceId(1),
    anInstanceId(3),
  ]);
  expect(await ledger.enrollments.candidates(target, NOW_MS, 10)).toEqual([anInstanceId(4)]);
});

test('labels that were given to what is no instance are not known', async () => {
  const { ledger, redis, keys } = bench.create();
  await redis.hset(keys.target(target).labels, '../x', 'digest|1', anInstanceId(1), 'digest|1e300');
  await forgeLabels({ redis, keys }, target, anInstanceId(1), { 'aws/a': 'b' });

  expect(await ledger.labels.written(target)).toEqual(
    new Map([[anInstanceId(1), { digest: 'digest', expiresAtMs: 0 }]]),
  );
  expect(await ledger.labels.take(5)).toHaveLength(1);
});

test.each(['evil', '-3', '1e300', '', '1.5'])(
  'a total that is no count (%j) fails no write and is not shown: all are counted anew',
  async (forged) => {
    const { ledger, redis, keys } = bench.create();
    const put = (n: number) => {
      const value = { ...aRecord('joined'), instanceId: anInstanceId(n) };
      return ledger.enrollments.write(
        aTarget(n),
        'each',
        [{ instanceId: value.instanceId, expected: 0, value }],
        [],
      );
    };
    await put(1);
    await redis.hset(keys.counts, 's:joined', forged);

    expect(await put(2)).toEqual(['written']);
    await redis.hset(keys.counts, 's:evil', forged);

    expect((await ledger.enrollments.counts()).states).toEqual(new Map([['joined', 2]]));
    await redis.del(keys.counts, keys.countIndex);
    expect((await ledger.enrollments.counts()).states).toEqual(new Map([['joined', 2]]));
    expect(await ledger.enrollments.targetsWith({ state: 'joined' })).toEqual([aTarget(1), aTarget(2)]);
  },
);

test('what is no target is in no list that an index answers', async () => {
  const { ledger, redis, keys } = bench.create();
  await redis.zadd(keys.countIndex, 0, 's:failed|../evil', 0, `s:failed|${targetId(target)}`);
  await redis.hset(keys.instanceTargets, anInstanceId(1), '../evil');

  expect(await ledger.enrollments.targetsWith({ state: 'failed' })).toEqual([target]);
  expect(await ledger.enrollments.targetOf(anInstanceId(1))).toBeNull();
});

test.each(['counts', 'countIndex', 'instanceTargets', 'populated', 'places', 'changes'] as const)(
  'while the installation’s %s is a key of another type nothing is written, and an error says which',
  async (name) => {
    const { ledger, redis, keys } = bench.create();
    await redis.set(keys[name], 'of another type');
    const value = { ...aRecord('queued'), instanceId: anInstanceId(1) };

    const writing = ledger.enrollments.write(
      target,
      'all',
      [{ instanceId: value.instanceId, expected: 0, value }],
      [],
    );

    await expect(writing).rejects.toMatchObject({
      message: expect.stringContaining(`WRONGTYPE ${keys[name]}`) as string,
    });
    expect(await redis.exists(keys.target(target).instances)).toBe(0);
  },
);
