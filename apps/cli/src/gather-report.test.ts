import { expect, test } from 'vitest';
import { parseTimeout } from './gather-report.ts';

test('minutes become milliseconds', () => {
  expect([parseTimeout('30'), parseTimeout('0.5')]).toEqual([1_800_000, 30_000]);
});

test.each(['', ' ', '0', '-1', 'soon', '1441', 'Infinity', 'NaN'])(
  '"%s" is refused with exit code 64',
  (text) => {
    expect(() => parseTimeout(text)).toThrow(expect.objectContaining({ exitCode: 64 }) as Error);
  },
);
