import { expect, test } from 'vitest';
import { figure, plural, share } from './numbers.ts';

test('a figure has its thousands apart', () => {
  expect(figure(1_234_567)).toBe('1,234,567');
});

test.each([
  [0, '0 hosts'],
  [1, '1 host'],
  [1_200, '1,200 hosts'],
])('%i is counted as %s', (value, said) => {
  expect(plural(value, 'host')).toBe(said);
});

test.each([
  [0, 0, '0 %'],
  [0, 10, '0 %'],
  [1, 1_000, '<1 %'],
  [999, 1_000, '>99 %'],
  [1_000, 1_000, '100 %'],
  [1, 3, '33 %'],
])('%i of %i is %s: some are never none, and not all are never all', (some, all, said) => {
  expect(share(some, all)).toBe(said);
});
