import { seededRandom } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { headOf } from './text-head.ts';
import { compare } from './words.ts';

const LETTERS = ['', 'a', 'b', 'z', '-', '0', '\u0000', '\u007E', '\u007F', 'é', 'ü', '\u{1F600}', '\uFFFF'];

test('heads never stand in another order than their texts', () => {
  const random = seededRandom(3);
  const texts = Array.from({ length: 200 }, () =>
    Array.from({ length: 9 }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join(''),
  );

  const wrong = texts.flatMap((one) =>
    texts.filter((other) => {
      const byHead = Math.sign(headOf(one) - headOf(other));
      return byHead !== 0 && byHead !== compare(one, other);
    }),
  );

  expect(wrong).toEqual([]);
});

test('ids and names that differ in their first seven characters have different heads', () => {
  const texts = ['', 'i-0a1b2', 'i-0a1b3', 'i-0a1', 'web', 'web-', 'web-cac', 'Web'];

  expect(new Set(texts.map(headOf)).size).toBe(texts.length);
  expect(headOf('web-cache-1')).toBe(headOf('web-cache-2'));
});
