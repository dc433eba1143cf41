import { describe, expect, test } from 'vitest';
import { meaningOfExitCode } from './exit-codes.ts';

describe('meaningOfExitCode', () => {
  test.each([
    [100, /bash/],
    [103, /1,250 MB/],
    [120, /nothing was changed/],
    [121, /was not run/],
    [150, /did not join/],
  ])('%i is explained', (code, words) => {
    expect(meaningOfExitCode(code)).toMatch(words);
  });

  test.each([0, 1, -1, 99, 149, 255])('%i is left to the script that ended with it', (code) => {
    expect(meaningOfExitCode(code)).toBeNull();
  });
});
