import { expect, test } from 'vitest';
import { alignTable } from './align-table.ts';

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
