import { InstanceFilter } from '@muster/api/instances';
import { expect, test } from 'vitest';
import { FILTER_NAMES, filtersOf, NO_FILTERS } from './instance-filters.ts';

test('the page knows every filter of the API', () => {
  expect([...FILTER_NAMES].sort()).toEqual(Object.keys(InstanceFilter.shape).sort());
});

test('the filters of an address are those of the API, and nothing else of it', () => {
  expect(
    filtersOf({ state: 'failed,lost', q: '', sort: '-since', columns: 'name', tag: 'Team=web' }),
  ).toEqual({
    state: 'failed,lost',
    tag: 'Team=web',
  });
  expect(Object.values(NO_FILTERS).every((value) => value === '')).toBe(true);
});
