import { expect, test } from 'vitest';
import { hostsOfFinding } from './finding-links.ts';

test.each([
  ['cause:ec2-join-failure', 'cause:ec2-join-failure', 4, { cause: 'ec2-join-failure' }],
  ['paused', 'account:111122223333', null, { account: '111122223333' }],
  ['brake-engaged', 'region:eu-west-1', null, { region: 'eu-west-1' }],
  ['command-not-canceled', 'instance:i-0123456789abcdef0', null, { q: 'i-0123456789abcdef0' }],
  ['redis-not-durable', 'all', null, null],
])('the hosts of %s at %s', (kind, scope, hosts, filters) => {
  expect(hostsOfFinding({ kind, scope, hosts })).toEqual(filters);
});
