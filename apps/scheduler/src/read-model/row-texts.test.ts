import { seededRandom } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { createRowTexts } from './row-texts.ts';

function rowsWith(texts: ReturnType<typeof createRowTexts>, word: string, size: number): readonly number[] {
  return [...texts.find(word, size).entries()].flatMap(([row, is]) => (is === 1 ? [row] : []));
}

test('a word is found in the texts that contain it, and never across two of them', () => {
  const texts = createRowTexts();
  texts.set(1, 'web-1\n');
  texts.set(2, 'b-1\nwe\n');
  texts.set(3, '');

  expect(rowsWith(texts, 'b-1', 4)).toEqual([1, 2]);
  expect(rowsWith(texts, 'web', 4)).toEqual([1]);
  expect(rowsWith(texts, 'db', 4)).toEqual([]);
});

test('after thousands of texts were changed and dropped, each row is found by its last text alone', () => {
  const texts = createRowTexts();
  const random = seededRandom(3);
  const wanted = new Map<number, string>();
  for (let n = 0; n < 60_000; n += 1) {
    const row = 1 + Math.floor(random() * 6_000);
    if (random() < 0.2) {
      texts.drop(row);
      wanted.delete(row);
    } else {
      const text = `row-${row}.${n % 97}\n`;
      texts.set(row, text);
      wanted.set(row, text);
    }
  }

  for (const word of ['.13\n', 'row-77', 'row-', '.9']) {
    const found = [...wanted].flatMap(([row, text]) => (text.includes(word) ? [row] : []));
    expect(rowsWith(texts, word, 6_001)).toEqual(found.toSorted((a, b) => a - b));
  }
});
