import { expect, test } from 'vitest';
import { isCovered, wordOf } from './approval.ts';

test.each([
  [100, 0.1, 110, true],
  [100, 0.1, 111, false],
  [10, 0.1, 11, true],
  [9, 0.1, 10, false],
  [3, 0, 3, true],
  [3, 0, 4, false],
  [0, 0.1, 1, false],
])('an approval of %i hosts that may grow by %d covers %i: %s', (hosts, grow, now, covered) => {
  expect(isCovered({ hosts, accounts: 1, grow }, { hosts: now })).toBe(covered);
  expect(isCovered({ hosts: now, accounts: hosts, grow }, { hosts: now, accounts: now })).toBe(covered);
});

test('an approval of another definition covers nothing', () => {
  const approval = { hosts: 9, accounts: 1, grow: 0.1, basis: 'before' };

  expect(isCovered(approval, { hosts: 9, basis: 'before' })).toBe(true);
  expect(isCovered(approval, { hosts: 9, basis: 'after' })).toBe(false);
});

test('nothing is covered by no approval', () => {
  expect(isCovered(null, { hosts: 0 })).toBe(false);
});

test('an operator names a wave by its name, and a change and the clean-up by their words', () => {
  const words = [wordOf('wave:eu'), wordOf('change:01J'), wordOf('cleanup:nodes')];

  expect(words).toEqual(['eu', 'change', 'cleanup']);
});
