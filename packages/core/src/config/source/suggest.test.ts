import { describe, expect, test } from 'vitest';
import { nearest, otherWordFor } from './suggest.ts';

const KEYS = ['enabled', 'discovery_group', 'poll_interval', 'aws', 'regions', 'types', 'tags'];

describe('nearest', () => {
  test.each([
    ['region', 'regions'],
    ['regoins', 'regions'],
    ['pollInterval', 'poll_interval'],
    ['poll-interval', 'poll_interval'],
    ['discovery_grp', 'discovery_group'],
    ['tag', 'tags'],
    ['aswd', null],
    ['azure', null],
    ['x', null],
  ])('%s → %s', (word, expected) => {
    expect(nearest(word, KEYS)).toBe(expected);
  });

  test('a very long word costs nothing', () => {
    expect(nearest('a'.repeat(100_000), KEYS)).toBeNull();
  });
});

describe('otherWordFor', () => {
  test.each([
    ['account_ids', ['include_accounts', 'tags'], 'include_accounts'],
    ['accountIds', ['include_accounts', 'tags'], 'include_accounts'],
    ['account_ids', ['tags'], null],
    ['constructor', ['tags'], null],
  ])('%s of %j → %s', (word, candidates, expected) => {
    expect(otherWordFor(word, candidates)).toBe(expected);
  });
});
