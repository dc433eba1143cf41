import { expect, test } from 'vitest';
import { parseSearch, stringifySearch, wordsOf } from './search.ts';

test('filters in the address are legible, and read as they were written', () => {
  const search = { state: 'failed,lost', q: 'web & db', scope: 'account:111122223333' };

  expect(stringifySearch({ ...search, cause: '' })).toBe(
    '?state=failed,lost&q=web+%26+db&scope=account:111122223333',
  );
  expect(parseSearch(stringifySearch(search))).toEqual(search);
  expect(stringifySearch({})).toBe('');
});

test('a parameter without a word is left out', () => {
  expect(parseSearch('?q=++&state=,&cause=&unit=ou-1')).toEqual({ unit: 'ou-1' });
});

test('the words of a parameter', () => {
  expect(wordsOf({ state: 'failed,,lost' }, 'state')).toEqual(['failed', 'lost']);
  expect(wordsOf({}, 'state')).toEqual([]);
});
