import { expect, test } from 'vitest';
import { createWords } from './words.ts';

test('places of words are those of their order, also after words were added, and one that was never met lies between two', () => {
  const words = createWords();
  const [joined, failed] = [words.add('joined'), words.add('failed')];
  expect([joined, failed].map((n) => words.places()[n])).toEqual([2, 1]);

  const gone = words.add('gone');

  expect(words.add('joined')).toBe(joined);
  expect([failed, gone, joined].map((n) => words.places()[n])).toEqual([1, 2, 3]);
  expect(words.placeOf('gone')).toBe(2);
  expect(words.placeOf('held')).toBe(2.5);
  expect(words.placeOf('')).toBe(0);
});
