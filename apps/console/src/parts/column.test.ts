import { expect, test } from 'vitest';
import { type Column, shownColumns } from './column.ts';

const COLUMNS: readonly Column<object>[] = ['id', 'name', 'wave'].map((id) => ({
  id,
  header: id,
  cell: () => null,
  isOptional: id === 'wave',
}));

test('the usual columns are shown where none are chosen, or none that are known', () => {
  expect(shownColumns(COLUMNS, [])).toEqual(['id', 'name']);
  expect(shownColumns(COLUMNS, ['of-another-release'])).toEqual(['id', 'name']);
});

test('chosen columns stand in their usual order', () => {
  expect(shownColumns(COLUMNS, ['wave', 'id'])).toEqual(['id', 'wave']);
});
