import { aCoverage } from '@muster/testing/builders';
import type { AccountId } from '@muster/core/organization/ids';
import { expect, test } from 'vitest';
import { createPlaces } from './places.ts';
import { readPlaces } from './place-rollup.ts';
import { createTallies } from './tallies.ts';

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
