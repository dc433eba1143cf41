import { expect, test } from 'vitest';
import { directionOf, toggledSort } from './sort-order.ts';

test('a column is sorted down, then up, then not at all', () => {
  expect(toggledSort(undefined, 'since')).toBe('-since');
  expect(toggledSort('-since', 'since')).toBe('since');
  expect(toggledSort('since', 'since')).toBe('');
  expect(toggledSort('-name', 'since')).toBe('-since');
});

test('only the column that decides shows a direction', () => {
  expect(directionOf('-since', 'since')).toBe('descending');
  expect(directionOf('since', 'since')).toBe('ascending');
  expect(directionOf('-since', 'name')).toBeNull();
});
