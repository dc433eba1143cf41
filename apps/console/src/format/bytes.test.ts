import { expect, test } from 'vitest';
import { bytes } from './bytes.ts';

test.each([
  [0, '0 bytes'],
  [512, '512 bytes'],
  [1_536, '1.5 KB'],
  [130 * 1_024 ** 2, '130 MB'],
  [2.25 * 1_024 ** 3, '2.3 GB'],
])('%d is %s', (value, said) => {
  expect(bytes(value)).toBe(said);
});
