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

  it('refuses an element of more than a megabyte instead of holding it', () => {
    const elements = createArrayElements();
    elements.push(Buffer.from('[{"a":"'));

    expect(() => {
      for (let i = 0; i < 20; i += 1) elements.push(Buffer.alloc(65_536, 'x'));
    }).toThrow(expect.objectContaining({ code: 'teleport.invalid' }));
  });
});
