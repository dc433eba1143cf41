import { aCoverage } from '@muster/testing/builders';
import type { AccountId } from '@muster/core/organization/ids';
import { expect, test } from 'vitest';
import { createPlaces } from './places.ts';
import { listTargets, mapPlaces } from './place-list.ts';
import { readPlaces } from './place-rollup.ts';
import { createTallies, type TallyFacts } from './tallies.ts';

test('denied is an account that cannot be entered: one that is kept out of a region is read in part', () => {
  const places = createPlaces();
  const [entered, locked] = ['111122223333', '444455556666'] as AccountId[];
  const denied = aCoverage({ status: 'denied', cause: 'ec2-perm-account-denied' });
  places.put(
    [entered, locked].flatMap((accountId) =>
      accountId === undefined ? [] : [{ accountId, name: '', ancestorIds: [] }],
    ),
    [
      { id: `${entered}.eu-west-1`, coverage: aCoverage() },
      { id: `${entered}.us-east-1`, coverage: denied },
      { id: `${locked}.*`, coverage: denied },
    ],
  );

  const { accounts } = readPlaces({ places, tallies: createTallies() });

  expect(accounts.map(({ accountId, status, cause }) => [accountId, status, cause])).toEqual([
    [entered, 'partial', 'ec2-perm-account-denied'],
    [locked, 'denied', 'ec2-perm-account-denied'],
  ]);
});

test('hosts of an account that cannot be entered, and of a region out of scope, are in its sums, in those of targets and on the map', () => {
  const places = createPlaces();
  const [open, locked] = ['111122223333', '444455556666'] as AccountId[];
  if (open === undefined || locked === undefined) throw new Error('no account');
  places.put(
    [open, locked].map((accountId) => ({ accountId, name: '', ancestorIds: [] })),
    [
      { id: `${open}.eu-west-1`, coverage: aCoverage() },
      {
        id: `${locked}.*`,
        coverage: aCoverage({ status: 'denied', cause: 'ec2-perm-account-denied' }),
      },
    ],
  );
  const tallies = createTallies();
  const count = (account: string, region: string, state: string): void => {
    const facts: TallyFacts = { account, region, state, cause: '', wave: '', matcher: 'm', platform: '' };
    tallies.count(facts);
  };
  count(open, 'eu-west-1', 'joined');
  count(open, 'us-east-1', 'failed');
  count(open, 'us-east-2', 'gone');
  count(locked, 'eu-west-1', 'joined');
  count(locked, 'eu-west-1', 'lost');
  count(locked, 'sa-east-1', 'queued');

  const all = readPlaces({ places, tallies });
  const page = { sort: [], limit: 50, after: null };
  const { items } = listTargets(all, {}, page);

  const sumOf = (rows: readonly { readonly hosts: number }[]): number =>
    rows.reduce((sum, { hosts }) => sum + hosts, 0);
  expect(all.accounts.map(({ hosts, status }) => [hosts, status])).toEqual([
    [2, 'complete'],
    [3, 'denied'],
  ]);
  expect(sumOf(items)).toBe(sumOf(all.accounts));
  expect(items.map(({ accountId, region, status, hosts }) => [accountId, region, status, hosts])).toEqual([
    [open, 'eu-west-1', 'complete', 1],
    [open, 'us-east-1', 'pending', 1],
    [locked, '*', 'denied', 3],
  ]);
  expect(mapPlaces(all, {})).toMatchObject({
    regions: ['eu-west-1', 'sa-east-1', 'us-east-1'],
    accounts: [
      { accountId: open, cells: [['complete', 1, 1, 0], null, ['pending', 1, 0, 1]] },
      {
        accountId: locked,
        cells: [
          ['denied', 2, 1, 1],
          ['denied', 1, 0, 0],
          ['denied', 0, 0, 0],
        ],
      },
    ],
  });
});
