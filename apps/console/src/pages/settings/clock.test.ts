import { expect, test } from 'vitest';
import { differsOf } from './clock.ts';

test.each([
  [3, 'agrees'],
  [-999, 'agrees'],
  [42_000, '42 s ahead'],
  [-180_000, '3 min behind'],
])('a clock that is %i ms off %s', (offsetMs, said) => {
  expect(differsOf(offsetMs)).toBe(said);
});
