import { expect, test } from 'vitest';
import type { Approval } from '../../control/approval.ts';
import { anAccountId } from '@muster/testing/builders';
import { allowanceOf, describeChange, judgeChange } from './held-change.ts';

const READ = { isSwept: true, isWhole: true };
const APPROVED: Approval = {
  subject: 'change:1',
  hosts: 100,
  accounts: 10,
  grow: 0.1,
  by: 'ann',
  atMs: 1,
};

test.each([
  [{ share: 0.2, hosts: 50 }, 0, 50],
  [{ share: 0.2, hosts: 50 }, 250, 50],
  [{ share: 0.2, hosts: 50 }, 1_000, 200],
  [{ share: 0, hosts: 0 }, 1_000, 0],
])('of %o and %i hosts before, %i may be added unasked', (askAbove, before, allowed) => {
  expect(allowanceOf(askAbove, before)).toBe(allowed);
});

test.each([
  ['is counted first', { isSwept: false, isWhole: true }, 1, null, 'count'],
  ['is over when it adds nothing', READ, 0, null, 'accept'],
  ['is over with as many as it may add', READ, 50, null, 'accept'],
  ['asks with one more', READ, 51, null, 'ask'],
  [
    'opens and goes on counting while something may still be read',
    { isSwept: true, isWhole: false },
    50,
    null,
    'open',
  ],
  ['is over when it was approved', READ, 110, APPROVED, 'accept'],
  ['asks again when it has grown by more than a tenth', READ, 111, APPROVED, 'ask'],
  [
    'opens by an approval before the sweep has ended',
    { isSwept: false, isWhole: true },
    80,
    APPROVED,
    'open',
  ],
] as const)('a change %s', (_, read, hosts, approval, kind) => {
  expect(judgeChange({ hosts, accounts: 10, most: null }, read, 50, approval).kind).toBe(kind);
});

test('an approval covers no more accounts than a tenth above those that were shown', () => {
  expect(judgeChange({ hosts: 100, accounts: 11, most: null }, READ, 50, APPROVED).kind).toBe('accept');
  expect(judgeChange({ hosts: 100, accounts: 12, most: null }, READ, 50, APPROVED).kind).toBe('ask');
});

test('the finding names the first accounts, and what is not known', () => {
  const accounts = [7, 6, 5, 4, 3, 2].map((hosts, n) => ({ accountId: anAccountId(n), hosts }));
  const held = {
    id: 'x',
    heldAtMs: 0,
    countedSinceMs: 0,
    selectedBefore: null,
    hosts: 27,
    accounts: 6,
    most: null,
    isOpen: false,
  };

  const text = describeChange({ held, selectedBefore: 9, allowance: 5, notRead: 1, accounts });

  expect(text).toBe(
    `The changed configuration adds 27 hosts in 6 accounts (${accounts
      .slice(0, 5)
      .map(({ accountId, hosts }) => `${accountId}: ${hosts}`)
      .join(
        ', ',
      )} and 1 more) to the 9 that were selected before. 1 target could not be read; hosts there are not counted.`,
  );
});
