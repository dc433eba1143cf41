import { describe, expect, test } from 'vitest';
import { csvRecord } from './csv-text.ts';

describe('a record of a CSV document', () => {
  test('quotes every cell, doubles quotes, and ends with CR LF', () => {
    expect(csvRecord(['a', 'say "hi", twice', 7, true, null])).toBe(
      '"a","say ""hi"", twice","7","true",""\r\n',
    );
  });

  test.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-2', "'-2"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "' =1"],
    ['\r=1', "' =1"],
    ['  =1', "'  =1"],
    ['＝1', "'＝1"],
    ['name;=1', "name;'=1"],
    ['a-b', 'a-b'],
  ])('no spreadsheet finds a formula in %j', (text, shown) => {
    expect(csvRecord([text])).toBe(`"${shown}"\r\n`);
  });

  test('a number stays a number, also below zero', () => {
    expect(csvRecord([-2])).toBe('"-2"\r\n');
  });

  test('a text with line ends stays one line', () => {
    expect(csvRecord(['one\r\ntwo\u2028three'])).toBe('"one two three"\r\n');
  });
});
