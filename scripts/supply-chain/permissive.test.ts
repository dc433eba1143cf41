import { expect, test } from 'vitest';
import { isPermissive } from './permissive.ts';

test.each(['MIT', 'Apache-2.0', 'GPL-3.0-only OR MIT', '(MIT OR CC0-1.0)', 'BSD-3-Clause AND ISC'])(
  '%s is let in',
  (expression) => {
    expect(isPermissive(expression)).toBe(true);
  },
);

test.each([
  'GPL-3.0-only',
  'AGPL-3.0',
  'LGPL-2.1',
  'MPL-2.0',
  'MIT AND GPL-2.0',
  'UNLICENSED',
  'Unknown',
  '',
])('"%s" is not', (expression) => {
  expect(isPermissive(expression)).toBe(false);
});
