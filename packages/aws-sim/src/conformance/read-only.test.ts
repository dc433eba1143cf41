import { expect, test } from 'vitest';
import { KNOWN_APIS } from '../server/operations.ts';
import { OTHER_APIS, READ_ONLY_APIS } from './read-only.ts';

test('every operation either only looks or is listed among the others', () => {
  expect([...READ_ONLY_APIS, ...OTHER_APIS].toSorted()).toEqual([...KNOWN_APIS].toSorted());
});

test('what only looks is named so by AWS', () => {
  expect(READ_ONLY_APIS.filter((api) => !/^\w+:(List|Describe|Get)[A-Z]/u.test(api))).toEqual([]);
});
