import { anAccountId } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { groupAccounts, MOST_GROUPS, OTHER_GROUP } from './account-groups.ts';

function accounts(count: number, unitOf: (n: number) => readonly string[]) {
  return Array.from({ length: count }, (_, n) => ({ accountId: anAccountId(n), ancestorIds: unitOf(n) }));
}

test('in an organization of few accounts each is a group', () => {
  const groups = groupAccounts(accounts(MOST_GROUPS, () => ['r-ab12', 'ou-ab12-11111111']));

  expect(new Set(groups.values()).size).toBe(MOST_GROUPS);
  expect(groups.get(anAccountId(3))).toBe(anAccountId(3));
});

test('of many accounts the unit below the root is the group, and the root for those in none', () => {
  const units = [
    ['r-ab12'],
    ['r-ab12', 'ou-ab12-aaaaaaaa', 'ou-ab12-deep0000'],
    ['r-ab12', 'ou-ab12-bbbbbbbb'],
  ];
  const groups = groupAccounts(accounts(1_000, (n) => units[n % 3] ?? []));

  expect([0, 1, 2].map((n) => groups.get(anAccountId(n)))).toEqual([
    'r-ab12',
    'ou-ab12-aaaaaaaa',
    'ou-ab12-bbbbbbbb',
  ]);
});

test('of more units the largest stay, and the rest is one group', () => {
  const groups = groupAccounts(
    accounts(300, (n) => ['r-ab12', `ou-ab12-${String(n < 100 ? 0 : n).padStart(8, '0')}`]),
  );

  expect(new Set(groups.values()).size).toBe(MOST_GROUPS + 1);
  expect(groups.get(anAccountId(5))).toBe('ou-ab12-00000000');
  expect(groups.get(anAccountId(299))).toBe(OTHER_GROUP);
});
