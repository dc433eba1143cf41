import { expect, test } from 'vitest';
import { pickSearch } from './pick-search.ts';

test('only known parameters that have a value are sent to the API', () => {
  expect(
    pickSearch({ q: 'web', sort: '', columns: 'id,name', state: 'failed' }, ['q', 'sort', 'state']),
  ).toEqual({
    q: 'web',
    state: 'failed',
  });
});
