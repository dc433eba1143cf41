import { expect, test } from 'vitest';
import { NOW_MS } from '@muster/testing/builders';
import { accountOfScope, causeJumps, notifyItems } from './notify-item.ts';

test('the brake’s pause is told by its finding, and an operator’s own is no page', () => {
  const items = notifyItems({
    findings: [{ kind: 'brake-engaged', scope: 'all', sinceMs: NOW_MS, message: 'm', remedy: 'r' }],
    pauses: [
      { scope: 'all', atMs: NOW_MS, by: 'brake', reason: '' },
      { scope: 'region:eu-west-1' as 'all', atMs: NOW_MS, by: 'operator', reason: 'move' },
    ],
    jumps: [],
  });

  expect(items.map(({ id, severity }) => [id, severity])).toEqual([
    ['brake-engaged@all', 'page'],
    ['paused@region:eu-west-1', 'warn'],
  ]);
});

test('a cause is told when its hosts became many within an hour, and an hour later it is the usual level', () => {
  const kinds = (now: Record<string, number>, before: Record<string, number> | null) =>
    causeJumps(now, before, NOW_MS)?.map(({ kind, count }) => [kind, count]);

  expect(kinds({ 'ec2-join-failure': 40 }, { 'ec2-join-failure': 4 })).toEqual([
    ['cause:ec2-join-failure', 40],
  ]);
  expect(kinds({ 'ec2-join-failure': 12 }, {})).toEqual([['cause:ec2-join-failure', 12]]);
  expect(kinds({ 'ec2-join-failure': 40 }, { 'ec2-join-failure': 40 })).toEqual([]);
  expect(kinds({ 'ec2-join-failure': 109 }, { 'ec2-join-failure': 100 })).toEqual([]);
  expect(kinds({ 'ec2-join-failure': 120 }, { 'ec2-join-failure': 100 })).toEqual([]);
  // What an hour ago was is not known.
  expect(kinds({ 'ec2-join-failure': 40 }, null)).toBe(undefined);
});

test.each([
  ['account:111122223333', '111122223333'],
  ['111122223333', '111122223333'],
  ['111122223333.eu-west-1', '111122223333'],
  ['111122223333.*', '111122223333'],
  ['all', null],
  ['region:eu-west-1', null],
  ['process:1111222233334/5', null],
])('the scope %s is about account %s', (scope, accountId) => {
  expect(accountOfScope(scope)).toBe(accountId);
});
