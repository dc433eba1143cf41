import { describe, expect, test } from 'vitest';
import { matchesTagPattern } from './matcher.ts';

describe('matchesTagPattern', () => {
  test.each([
    ['prod', 'prod'],
    ['', '*'],
    ['anything', '*'],
    ['web-1', 'web-*'],
    ['web-', 'web-*'],
    ['a-web-1', '*web*'],
    ['web-1', 'web-?'],
    ['aXbXc', 'a*X*c'],
    ['abab', '*ab'],
    ['a*b', 'a\\*b'],
    ['a?b', 'a\\?b'],
    ['a\\b', 'a\\\\b'],
    ['', ''],
  ])('%j fits %j', (value, pattern) => {
    expect(matchesTagPattern(value, pattern)).toBe(true);
  });

  test.each([
    ['Prod', 'prod'],
    ['prod2', 'prod'],
    ['web', 'web-*'],
    ['web-', 'web-?'],
    ['web-12', 'web-?'],
    ['aXb', 'a\\*b'],
    ['x', ''],
    ['abc', '*b'],
  ])('%j does not fit %j', (value, pattern) => {
    expect(matchesTagPattern(value, pattern)).toBe(false);
  });

  test('many stars cost no more than a few', () => {
    expect(matchesTagPattern('a'.repeat(5000), `${'*a'.repeat(50)}*b`)).toBe(false);
  });
});
