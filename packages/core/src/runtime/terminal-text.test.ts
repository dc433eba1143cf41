import { expect, test } from 'vitest';
import { terminalLine, terminalText } from './terminal-text.ts';

/** Every UTF-16 code unit and every code point beyond them that a terminal must not be sent, from the Unicode tables by hand. */
const RANGES: readonly (readonly [string, number, number])[] = [
  ['C0 before the tab', 0x00, 0x08],
  ['C0 after the line feed', 0x0b, 0x1f],
  ['DEL and C1', 0x7f, 0x9f],
  ['soft hyphen', 0xad, 0xad],
  ['Arabic letter mark', 0x061c, 0x061c],
  ['zero width, and directional marks', 0x200b, 0x200f],
  ['line and paragraph separator, bidirectional embeddings and overrides', 0x2028, 0x202e],
  ['word joiner and invisible operators', 0x2060, 0x2064],
  ['bidirectional isolates', 0x2066, 0x2069],
  ['Hangul filler', 0x3164, 0x3164],
  ['variation selectors', 0xfe00, 0xfe0f],
  ['byte order mark', 0xfeff, 0xfeff],
  ['interlinear annotations', 0xfff9, 0xfffb],
  ['halves of surrogate pairs', 0xd800, 0xdfff],
  ['invisible tags', 0xe0020, 0xe007f],
];

test.each(RANGES)('%s is written as \\uXXXX, and stays the same value in JSON', (_what, first, last) => {
  for (let code = first; code <= last; code += 1) {
    const character = String.fromCodePoint(code);
    const text = terminalText(`a${character}b`);

    expect(text).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/);
    expect(JSON.parse(terminalText(`{"a":"a${code < 0x20 ? '' : character}b"}`))).toEqual({
      a: `a${code < 0x20 ? '' : character}b`,
    });
  }
});

test('what people write is left alone, line ends of text and of CSV and tabs too', () => {
  const text = 'größer ✓ 日本語 مرحبا 🚀 é…\n\tindented\r\nnext';

  expect(terminalText(text)).toBe(text);
});

test('a carriage return that ends no line is shown', () => {
  expect(terminalText('real\rforged')).toBe(String.raw`real\u000dforged`);
});

test('JSON.stringify and the escape together give the same value', () => {
  const value = { 'key\u202e': ['\\\u200b', '\u001b[2J', '\ud800', '\u{e0041}', 'plain', '"\u2028'] };

  expect(JSON.parse(terminalText(JSON.stringify(value)))).toEqual(value);
});

test('in one line a foreign text cannot make up another one', () => {
  expect(terminalLine('prod\nVerdict  pass\r\n\tjoined \u001b[1m')).toBe(
    String.raw`prod\nVerdict  pass\r\n\tjoined \u001b[1m`,
  );
});
