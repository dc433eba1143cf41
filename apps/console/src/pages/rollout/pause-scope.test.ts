import { expect, test } from 'vitest';
import { scopeOfPause } from './pause-scope.ts';

test.each([
  ['account', ' 111122223333 ', 'account:111122223333'],
  ['account', '1111', null],
  ['region', 'us-gov-west-1', 'region:us-gov-west-1'],
  ['region', 'somewhere', null],
  ['cause', 'ec2-join-failure', 'cause:ec2-join-failure'],
  ['cause', '', null],
] as const)('a pause of the %s %j is of %j', (kind, typed, scope) => {
  expect(scopeOfPause(kind, typed)).toBe(scope);
});
