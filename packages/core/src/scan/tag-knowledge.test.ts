import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesInstance, type TagRule, type TagSelector } from './matcher.ts';
import { implies, knowsMatch } from './tag-knowledge.ts';

const PROD: TagRule = { key: 'env', values: ['prod'] };
const DEV: TagRule = { key: 'env', values: ['dev'] };
const OPT_OUT: TagRule = { key: 'opt-out', values: ['*'] };
const of = (...tags: TagRule[]): TagSelector => ({ tags, excludeTags: [] });
const open = (...tags: TagRule[]): TagSelector => ({ tags, excludeTags: [OPT_OUT] });

test.each<[string, TagSelector, TagSelector, boolean | null]>([
  ['the same', open(PROD), open(PROD), true],
  ['no rule', open(PROD), open(), true],
  ['one value more', of(PROD), of({ key: 'env', values: ['dev', 'prod'] }), true],
  ['a pattern that takes the value', of(PROD), of({ key: 'env', values: ['pro*'] }), true],
  ['another value', of(PROD), of(DEV), false],
  ['one rule more', of(PROD), of(PROD, { key: 'team', values: ['x'] }), null],
  ['one exclusion more', of(PROD), open(PROD), null],
  ['an exclusion of what it carries', of(PROD), { tags: [], excludeTags: [PROD] }, false],
  ['another key', of(PROD), of({ key: 'team', values: ['x'] }), null],
])('of tags that fit a matcher, one with %s is known to match: %o → %o: %s', (_, fits, asked, answer) => {
  expect(knowsMatch(asked, { fits: [fits], misses: [] })).toBe(answer);
});

test('tags that miss a matcher miss every stricter one, and nothing is known of a wider one', () => {
  const known = { fits: [], misses: [open(PROD)] };

  expect(knowsMatch(open(PROD), known)).toBe(false);
  expect(knowsMatch(open(PROD, { key: 'team', values: ['x'] }), known)).toBe(false);
  expect(knowsMatch(open(), known)).toBeNull();
  expect(knowsMatch(of(), known)).toBe(true);
});

const rule = fc.record({
  key: fc.constantFrom('a', 'b'),
  values: fc.uniqueArray(fc.constantFrom('1', '2', '1*', '*', '?'), { minLength: 1, maxLength: 2 }),
});
const selector = fc.record({
  tags: fc.array(rule, { maxLength: 2 }),
  excludeTags: fc.array(rule, { maxLength: 2 }),
});
const tags = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2', '12', ''));

test('what is said to be known is so for all tags', () => {
  fc.assert(
    fc.property(selector, selector, selector, tags, (fits, missed, asked, instance) => {
      fc.pre(matchesInstance(fits, { tags: instance }) && !matchesInstance(missed, { tags: instance }));
      const answer = knowsMatch(asked, { fits: [fits], misses: [missed] });

      expect(answer ?? matchesInstance(asked, { tags: instance })).toBe(
        matchesInstance(asked, { tags: instance }),
      );
    }),
    { seed: 20_261_130, numRuns: 5_000 },
  );
});

test('nothing implies what it does not', () => {
  expect(implies(of(), of(PROD))).toBe(false);
  expect(implies(of(PROD), of())).toBe(true);
});
