import { aCoverage, anAccountId, aTarget } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { Account } from './account.ts';
import { targetId } from './target.ts';

const bench = useLedgerBench();
const target = aTarget();
const accountId = anAccountId();
const account: Account = { accountId, name: 'shop', state: 'ACTIVE', ancestorIds: [] };

test('each change of an account, its regions or a coverage is told, and a write that changes nothing is not', async () => {
  const { ledger } = bench.create();
  let at = await ledger.placeChanges.end();
  const told = async (): Promise<readonly string[]> => {
    const { places, nextId, behind } = await ledger.placeChanges.read(at, 100);
    expect(behind).toBe(false);
    at = nextId;
    return [...places].toSorted();
  };

  await ledger.coverage.putAccounts([account]);
  expect(await told()).toEqual([accountId]);
  await ledger.coverage.putRegions(accountId, [target.region], 5);
  expect(await told()).toEqual([accountId, targetId(target)]);
  await ledger.coverage.put(target, aCoverage());
  expect(await told()).toEqual([targetId(target)]);
  await ledger.coverage.put(aTarget(7), aCoverage());
  expect(await told()).toEqual([]);
  await ledger.coverage.denyAccount(
    accountId,
    aCoverage({ status: 'denied', cause: 'ec2-perm-account-denied' }),
  );
  expect(await told()).toEqual([`${accountId}.*`, targetId(target)]);
  await ledger.coverage.removeAccount(accountId);
  expect(await told()).toEqual([accountId, `${accountId}.*`]);
});

test('a reader is told that the stream no longer reaches back to where it stood', async () => {
  const { ledger, redis, keys } = bench.create();
  await ledger.coverage.putAccounts([account]);
  const { nextId } = await ledger.placeChanges.read('0-0', 10);
  await redis.del(keys.placeChanges);

  expect(await ledger.placeChanges.read(nextId, 10)).toEqual({
    places: new Set(),
    nextId: '0-0',
    more: false,
    behind: true,
  });
});
