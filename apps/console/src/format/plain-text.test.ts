import { expect, test } from 'vitest';
import { plainText } from './plain-text.ts';

test('what is not seen, or turns text round, is written out', () => {
  expect(plainText('\u202egpj.exe\u200b')).toBe(String.raw`\u202egpj.exe\u200b`);
  expect(plainText('\u001b[31mred\u009b0m')).toBe(String.raw`\u001b[31mred\u009b0m`);
  expect(plainText('tag\u{e0041}')).toBe(String.raw`tag\u{e0041}`);
});

test('lines, tabs and other languages stay as they are', () => {
  expect(plainText('a\n\tb ü 漢字 \u{1f600} <b>')).toBe('a\n\tb ü 漢字 \u{1f600} <b>');
});
