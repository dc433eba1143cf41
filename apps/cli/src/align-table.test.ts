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
