import { expect, test } from 'vitest';
import { cutToWidth, tableLines } from './table.ts';

const COLUMNS = [{ title: 'Account' }, { title: 'n', align: 'right' }, { title: 'Cause' }] as const;

test('columns stand under their headings, figures to the right, and nothing trails', () => {
  expect(
    tableLines(COLUMNS, [
      ['a', '100', 'x'],
      ['bb', '7'],
    ]),
  ).toEqual(['Account    n  Cause', 'a        100  x', 'bb         7']);
});

test('without rows there are the headings alone', () => {
  expect(tableLines(COLUMNS, [])).toEqual(['Account  n  Cause']);
  expect(tableLines([], [])).toEqual([]);
});

test('wide characters keep their columns, and a foreign cell stays in its line', () => {
  expect(
    tableLines(COLUMNS, [
      ['生产', '1'],
      ['プロダ🚀', '2'],
      ['e\u0301', '3'],
      ['a\nVerdict', '10'],
      ['x\u202ey', '2'],
    ]),
  ).toEqual([
    'Account      n  Cause',
    '生产         1',
    'プロダ🚀     2',
    'e\u0301            3',
    String.raw`a\nVerdict  10`,
    String.raw`x\u202ey     2`,
  ]);
});

test('a painted cell is as wide as its text', () => {
  const paint = (text: string): string => (text === 'x' ? `\u001B[31m${text}\u001B[39m` : text);

  expect(tableLines(COLUMNS, [['a', '1', 'x']], paint)).toEqual([
    'Account  n  Cause',
    'a        1  \u001B[31mx\u001B[39m',
  ]);
});

test('20,000 rows are printed in the time of a command', () => {
  const rows = Array.from({ length: 20_000 }, (_, at) => [`account ${at}`, String(at), 'ec2-join-failure']);
  const startedAtMs = performance.now();

  expect(tableLines(COLUMNS, rows)).toHaveLength(20_001);

  expect(performance.now() - startedAtMs).toBeLessThan(10_000);
});

test('a text that fits is whole; of a longer one whole characters are left, and a mark', () => {
  expect(cutToWidth('生产环境', 8)).toBe('生产环境');
  expect(cutToWidth('生产环境', 7)).toBe('生产环…');
  expect(cutToWidth('生产环境', 6)).toBe('生产…');
  expect(cutToWidth('🚀🚀🚀', 4)).toBe('🚀…');
  expect(cutToWidth('abcdef', 4)).toBe('abc…');
  // Two hundred characters without a width are twelve hundred columns as they are shown.
  expect(cutToWidth('\u200b'.repeat(200), 8)).toBe(String.raw`\u200b\…`);
});
