import { expect, test } from 'vitest';
import { concernsAccount } from './concerns-account.ts';

const DENIED = {
  accountId: '111122223333',
  status: 'denied' as const,
  cause: 'ec2-perm-account-denied',
  detail: 'not authorized to perform: sts:AssumeRole on arn:aws:iam::111122223333:role/teleport',
};
const READ = { ...DENIED, status: 'complete' as const, cause: null, detail: '' };

test.each([
  ['paused', 'account:111122223333', true],
  ['targets-not-read', 'target:111122223333.eu-west-1', true],
  ['paused', 'account:999922223333', false],
  ['accounts-not-read', 'accounts:ec2-perm-account-denied:sts:AssumeRole', true],
  ['accounts-not-read', 'accounts:ec2-perm-account-denied:ec2:DescribeInstances', false],
  ['accounts-not-read', 'accounts:aws-throttled', false],
  ['targets-not-read', 'targets:ec2-perm-account-denied', true],
  ['inventory-unavailable', 'all', false],
])('%s of %s: %s for a denied account', (kind, scope, expected) => {
  expect(concernsAccount({ kind, scope }, DENIED)).toBe(expected);
});

test('an account that was read has no part in sums of those that were not', () => {
  expect(
    concernsAccount({ kind: 'accounts-not-read', scope: 'accounts:ec2-perm-account-denied' }, READ),
  ).toBe(false);
  expect(concernsAccount({ kind: 'paused', scope: 'account:111122223333' }, READ)).toBe(true);
});
