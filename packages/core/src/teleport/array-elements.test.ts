import { describe, expect, it } from 'vitest';
import { createArrayElements } from './array-elements.ts';

const VALUES = [
  { name: 'plain', labels: {} },
  { name: 'brackets [ ] { } in strings ", \\ and \\" too', list: [[1], { a: ['}'] }] },
  { name: 'öäü 漢字 🚀', empty: '' },
];

function readInPieces(text: string, size: number): unknown[] {
  const bytes = Buffer.from(text);
  const elements = createArrayElements();
  const read: unknown[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    read.push(...elements.push(bytes.subarray(at, at + size)).map((element): unknown => JSON.parse(element)));
  }
  elements.end();
  return read;
}

describe('createArrayElements', () => {
  it.each([1, 2, 3, 7, 64, 100_000])(
    'gives back every element when the text comes in pieces of %i bytes',
    (size) => {
      expect(readInPieces(JSON.stringify(VALUES), size)).toEqual(VALUES);
      expect(readInPieces(`\n ${JSON.stringify(VALUES, null, 4)}\n`, size)).toEqual(VALUES);
    },
  );

  it.each(['[]', ' [ \n ] ', 'null', 'null\n'])('takes %j as an inventory without nodes', (text) => {
    expect(readInPieces(text, 1)).toEqual([]);
  });

  it('refuses a text that was cut at any byte', () => {
    const text = JSON.stringify(VALUES);
    for (let end = 0; end < Buffer.byteLength(text); end += 1) {
      const cut = Buffer.from(text).subarray(0, end);
      const elements = createArrayElements();
      elements.push(cut);

      expect(() => elements.end()).toThrow(expect.objectContaining({ code: 'teleport.invalid' }));
    }
  });

  it.each([
    '',
    '  ',
    'nul',
    'nulll',
    '{}',
    '"text"',
    '[1]',
    '[null]',
    '["a"]',
    '[{},]',
    '[,{}]',
    '[{} {}]',
    '[{}]]',
    '[{}] []',
    '[{}]null',
    'n[]',
    '<html></html>',
  ])('refuses %j', (text) => {
    expect(() => readInPieces(text, 1)).toThrow(expect.objectContaining({ code: 'teleport.invalid' }));
  });

  it('passes over an element of more than a megabyte without holding it, and counts it', () => {
    const elements = createArrayElements();
    const read = [...elements.push(Buffer.from('[{"name":"before"},{"a":"'))];
    for (let i = 0; i < 20; i += 1) read.push(...elements.push(Buffer.alloc(65_536, 'x')));
    read.push(...elements.push(Buffer.from('"},{"name":"after"}]')));
    elements.end();

    expect(read).toEqual(['{"name":"before"}', '{"name":"after"}']);
    expect(elements.oversize()).toBe(1);
  });

  const UPDATE =
    'Client tools are out of date, updating to v18.7.0.\n\rUpdate progress: [          ] (Ctrl-C to cancel update)' +
    '\rUpdate progress: [▒▒▒▒▒     ] (Ctrl-C to cancel update)\rUpdate progress: [▒▒▒▒▒▒▒▒▒▒] (Ctrl-C to cancel update)';

  it.each([
    ['an update', `${UPDATE}\n`],
    ['an update that ends without a line', UPDATE],
    ['a warning in brackets', '[WARN] the identity expires in 3 days\n'],
    ['a word that begins like null', 'null-terminated, nulls\nnul\n'],
  ])('finds the array after %s, in pieces of any size', (_, text) => {
    const whole = text + JSON.stringify(VALUES, null, 4);
    for (const size of [1, 5, 100_000]) expect(readInPieces(whole, size)).toEqual(VALUES);
  });

  it('finds an empty inventory after lines of text', () => {
    expect(readInPieces(`${UPDATE}\n[]\n`, 1)).toEqual([]);
    expect(readInPieces(`${UPDATE}\nnull\n`, 1)).toEqual([]);
  });

  it.each([
    ['', 'tctl printed nothing'],
    [UPDATE, 'but: "Client tools are out of date, updating to v18.7.0. Update progress: ['],
    ['\u001B[31mERROR\u001B[0m: no cluster\n', 'but: "[31mERROR [0m: no cluster"'],
    [`x${'y'.repeat(1_000)}`, 'yyy…"'],
  ])('says what stands in the place of an inventory: %j', (text, words) => {
    expect(() => readInPieces(text, 7)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(words) }),
    );
  });

  it('gives up on a text without end', () => {
    const elements = createArrayElements();

    expect(() => {
      for (;;) elements.push(Buffer.from('still updating\n'.repeat(10_000)));
    }).toThrow(
      expect.objectContaining({
        code: 'teleport.invalid',
        message: expect.stringContaining('"still updating'),
      }),
    );
  });
});
