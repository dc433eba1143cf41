import { expect, test } from 'vitest';
import { accountOfFinding, hostsOfFinding } from './finding-links.ts';

test.each([
  ['cause:ec2-join-failure', 'cause:ec2-join-failure', 4, { cause: 'ec2-join-failure' }],
  ['paused', 'account:111122223333', null, { account: '111122223333' }],
  ['brake-engaged', 'region:eu-west-1', null, { region: 'eu-west-1' }],
  ['command-not-canceled', 'instance:i-0123456789abcdef0', null, { q: 'i-0123456789abcdef0' }],
  ['redis-not-durable', 'all', null, null],
])('the hosts of %s at %s', (kind, scope, hosts, filters) => {
  expect(hostsOfFinding({ kind, scope, hosts })).toEqual(filters);
});

test.each([
  ['accounts-not-read', 'account:111122223333', '111122223333'],
  ['targets-not-read', 'target:111122223333.eu-west-1', '111122223333'],
  ['accounts-not-read', 'all', null],
  ['paused', 'account:111122223333', null],
])('the account of %s at %s', (kind, scope, account) => {
  expect(accountOfFinding({ kind, scope })).toBe(account);
});
