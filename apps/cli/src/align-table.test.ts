import { expect, test } from 'vitest';
import { alignTable, cutToWidth, displayWidth } from './align-table.ts';

test('the first column stands to the left, the others to the right, and nothing trails', () => {
  expect(
    alignTable([
      ['Account', 'n'],
      ['a', '100'],
      ['bb', '7', 'x'],
    ]),
  ).toEqual(['Account    n', 'a        100', 'bb         7  x']);
});

test('no rows are no lines', () => {
  expect(alignTable([])).toEqual([]);
});

test('wide characters keep their columns, and a foreign cell stays in its line', () => {
  expect(
    alignTable([
      ['生产', '1'],
      ['a\nVerdict', '10'],
      ['x\u202ey', '2'],
    ]),
  ).toEqual(['生产         1', String.raw`a\nVerdict  10`, String.raw`x\u202ey     2`]);
});

test.each([
  ['plain', 5],
  ['größer', 6],
  ['プロダクション', 14],
  ['ﾌﾟﾛ', 3],
  ['운영', 4],
  ['生产-1', 6],
  ['ＡＢ', 4],
  ['🚀', 2],
  ['e\u0301', 1],
  ['مرحبا', 5],
  ['', 0],
])('%s takes %i columns', (text, columns) => {
  expect(displayWidth(text)).toBe(columns);
});

test('a text that fits is whole; of a longer one whole characters are left, and a mark', () => {
  expect(cutToWidth('生产环境', 8)).toBe('生产环境');
  expect(cutToWidth('生产环境', 7)).toBe('生产环…');
  expect(cutToWidth('生产环境', 6)).toBe('生产…');
  expect(cutToWidth('🚀🚀🚀', 4)).toBe('🚀…');
  expect(cutToWidth('abcdef', 4)).toBe('abc…');
});
