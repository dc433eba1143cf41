import { describe, expect, test } from 'vitest';
import { readYaml } from './yaml-source.ts';

function valueOf(text: string): unknown {
  return readYaml(text).documents[0]?.value;
}

function faultsOf(text: string): readonly string[] {
  return readYaml(text).faults.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('values', () => {
  test('keep what would change when read as a number or boolean', () => {
    expect(valueOf('a: 012345678901\nb: 123456789012\nc: 1e3\nd: True\ne: true\nf: "5"\ng: 0x10')).toEqual({
      a: '012345678901',
      b: 123_456_789_012,
      c: '1e3',
      d: 'True',
      e: true,
      f: '5',
      g: '0x10',
    });
  });

  test('a key without a value keeps its place, in every spelling, and an empty text is a text', () => {
    expect(valueOf('a:\nb: ~\nc: null\nd: ""\ne: !!null ""\n? f\ng: [~, NULL]')).toEqual({
      a: null,
      b: null,
      c: null,
      d: '',
      e: null,
      f: null,
      g: [null, null],
    });
    expect(valueOf('a: &x\nb: *x\nc:\n  <<: *x')).toEqual({ a: null, b: null, c: { '<<': null } });
  });

  test('a key that is not there is no key', () => {
    expect(faultsOf('a:\n  : 1')).toEqual([expect.stringContaining('a key must be a plain text')]);
    expect(faultsOf('{~: 1}')).toEqual([expect.stringContaining('a key must be a plain text')]);
  });

  test('anchors, aliases and merge keys are followed, own keys first', () => {
    const text = 'base: &base\n  x: 1\n  y: 2\nuse:\n  <<: *base\n  y: 3\nsame: *base';

    expect(valueOf(text)).toEqual({ base: { x: 1, y: 2 }, use: { x: 1, y: 3 }, same: { x: 1, y: 2 } });
  });

  test('several documents are read; empty ones are left out', () => {
    expect(readYaml('a: 1\n---\n---\n# nothing\n---\nb: 2').documents.map((d) => d.value)).toEqual([
      { a: 1 },
      { b: 2 },
    ]);
    expect(readYaml('').documents).toEqual([]);
    expect(readYaml('# only a comment').documents).toEqual([]);
  });
});

describe('places', () => {
  const text = [
    'top:',
    '  list:',
    '    - name: one',
    '    - name: two',
    '      regions: ["*", x]',
    '  empty:',
    '  plain: value',
  ].join('\n');
  const document = readYaml(text).documents[0];

  test.each([
    [['top', 'list', 1, 'name'], 4, 13],
    [['top', 'list', 1, 'regions'], 5, 16],
    [['top', 'list', 1, 'regions', 1], 5, 22],
    [['top', 'list'], 2, 3],
    [['top', 'list', 1], 4, 7],
    [['top', 'empty'], 6, 3],
    [['top', 'plain'], 7, 10],
    [['top', 'missing'], 1, 1],
    [['top', 'list', 1, 'missing'], 4, 7],
    [[], 1, 1],
  ] as const)('%j stands at %i:%i', (path, line, column) => {
    expect(document?.placeOf(path)).toEqual({ line, column });
  });

  test('of a key', () => {
    expect(document?.placeOfKey(['top', 'list', 1, 'regions'])).toEqual({ line: 5, column: 7 });
  });

  test('of a value that came by a merge are where it was written', () => {
    const merged = readYaml('base: &base\n  x: 1\nuse:\n  <<: *base').documents[0];

    expect(merged?.placeOf(['use', 'x'])).toEqual({ line: 2, column: 6 });
  });

  test('count from one also with CRLF and a byte order mark', () => {
    expect(readYaml('\ufeffa: 1\r\nb:\r\n  c: 2\r\n').documents[0]?.placeOf(['b', 'c'])).toEqual({
      line: 3,
      column: 6,
    });
  });
});

describe('faults', () => {
  test.each([
    ['an unquoted wildcard in a list', 'regions: [*]', /^1:1\d? .*"\*" in quotes/],
    ['an unquoted wildcard as a value', 'tags:\n  env: *', /^2:\d+ .*"\*" in quotes/],
    ['an alias to nothing', 'a: *nothing', /^1:4 there is no anchor &nothing/],
    ['a tab', 'a:\n\tb: 1', /^2:1 .*tab/],
    ['a key written twice', 'a: 1\nb: 2\na: 3', /^3:1 the key "a" is written twice/],
    ['an open bracket', 'a: [1, 2', /^1:\d+ not YAML: /],
    ['an unknown tag', 'a: !include x.yaml', /^1:4 not YAML: /],
    ['a map as a key', '? {a: 1}\n: 2', /^1:3 a key must be a plain text/],
    ['a dangerous key', '__proto__: 1', /^1:1 a key must be a plain text/],
  ])('%s is named with its place', (_name, text, expected) => {
    expect(faultsOf(text).join('\n')).toMatch(expected);
  });

  test('a twice-written key does not hide the rest of the document', () => {
    const source = readYaml('a: 1\na: 2\nb: 3');

    expect(source.broken).toBe(false);
    expect(source.documents[0]?.value).toMatchObject({ b: 3 });
  });

  test('aliases that multiply are refused', { timeout: 30_000 }, () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`,
    );

    const source = readYaml(['l0: &l0 [x]', ...levels].join('\n'));

    expect(source.broken).toBe(true);
    expect(source.faults[0]?.message).toMatch(/too large/);
  });

  test('a file that is broken from end to end fills a screen, not a disk', () => {
    const { broken, faults } = readYaml('['.repeat(3000));

    expect(broken).toBe(true);
    expect(faults.length).toBeLessThanOrEqual(20);
  });

  test('deep nesting is refused', () => {
    expect(readYaml('['.repeat(3000) + ']'.repeat(3000)).broken).toBe(true);
  });
});
