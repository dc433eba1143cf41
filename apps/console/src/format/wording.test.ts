import { expect, test } from 'vitest';
import { labelOfCoverage, ownerName, scopeName, severityOf, toneOfCoverage, toneOfState } from './wording.ts';

test('what only a newer release knows is shown by its own name', () => {
  expect(toneOfState('awaiting-approval')).toBe('off');
  expect(toneOfCoverage('elsewhere')).toBe('off');
  expect(labelOfCoverage('elsewhere')).toBe('elsewhere');
  expect(ownerName('network-team')).toBe('network-team');
  expect(severityOf('grave')).toEqual({ label: 'grave', tone: 'off' });
});

test('a scope reads as words', () => {
  expect(scopeName('all')).toBe('everywhere');
  expect(scopeName('account:111122223333')).toBe('account 111122223333');
  expect(scopeName('coverage')).toBe('coverage');
});
