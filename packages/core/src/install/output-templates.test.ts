import { anAccountId, seededRandom } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { hostileText } from './hostile-text.fixture.ts';
import {
  OTHER_OUTPUTS,
  type OutputTemplate,
  placeLines,
  type SeenLine,
  TEMPLATES_PER_ACCOUNT,
  TEMPLATES_PER_CAUSE,
  tellingLine,
} from './output-templates.ts';

const NONE: ReadonlySet<string> = new Set();

/** A template's id says here which text it began with. */
const place = (
  known: readonly OutputTemplate[],
  lines: readonly SeenLine[],
  unused: ReadonlySet<string> = NONE,
): ReturnType<typeof placeLines> => placeLines(known, lines, unused, (text) => `id of ${text}`);

/** The templates after these lines, each of them from an account of its own. */
function textsAfter(lines: readonly string[]): readonly string[] {
  const seen = lines.map((line, at) => ({ line, accountId: anAccountId(at) }));
  return place([], seen).templates.map(({ text }) => text);
}

test.each([
  [
    'the last line that sounds like an error',
    'fetching\nE: Unable to locate package teleport\ndone',
    'E: Unable to locate package teleport',
  ],
  ['the last line where none does', 'one\ntwo\n\n', 'two'],
  [
    'no line that SSM’s agent has added',
    'curl: (6) Could not resolve host: proxy\nfailed to run commands: exit status 1',
    'curl: (6) Could not resolve host: proxy',
  ],
  ['no colors, whose escape character is gone', '[31mfatal:[0m   disk [1mfull', 'fatal: disk full'],
])('an output is told by %s', (_what, output, line) => {
  expect(tellingLine(output)).toBe(line);
});

test.each(['', ' \n\t\n', '----------ERROR-------\nfailed to run commands: exit status 1'])(
  'an output without a line of its own (%j) is told by none',
  (output) => {
    expect(tellingLine(output)).toBeNull();
  },
);

test('a line is cut', () => {
  expect(tellingLine('x'.repeat(1_000_000))).toBe(`${'x'.repeat(200)}…`);
});

test.each([
  [
    'ids, addresses and times are masked at once',
    ['i-0a1b2c3d4e5f60718 at 10.0.3.7:443 timed out 12:30:01'],
    ['<*> at <*> timed out <*>'],
  ],
  [
    'short numbers say something, and stay',
    ['curl: (22) the server answered 403'],
    ['curl: (22) the server answered 403'],
  ],
  [
    'words that differ are masked when they are seen to',
    ['E: Unable to locate package teleport-17', 'E: Unable to locate package teleport-ent'],
    ['E: Unable to locate package <*>'],
  ],
  [
    'lines of other length are others',
    ['no space left on device', 'no space left'],
    ['no space left on device', 'no space left'],
  ],
  [
    'lines with few words in common are others',
    ['cannot resolve proxy.example.com', 'permission denied today'],
    ['cannot resolve proxy.example.com', 'permission denied today'],
  ],
])('%s', (_what, lines, texts) => {
  expect(textsAfter(lines)).toEqual(texts);
});

test('a template keeps its id when its text becomes more general, and what came before still belongs to it', () => {
  const accountId = anAccountId();
  const first = place([], [{ line: 'disk a is full', accountId }]);
  const second = place(first.templates, [
    { line: 'disk b is full', accountId },
    { line: 'disk a is full', accountId },
  ]);

  expect(second.templates).toMatchObject([{ text: 'disk <*> is full', id: first.ids[0] }]);
  expect(new Set(second.ids)).toEqual(new Set(first.ids));
});

test('the result does not depend on how lines are spread over calls', () => {
  const lines = ['a b c one', 'd e f two', 'a b c three', 'g h i', 'd e f four'].map((line, at) => ({
    line,
    accountId: anAccountId(at),
  }));
  let templates: readonly OutputTemplate[] = [];
  const ids = lines.flatMap((line) => {
    const placed = place(templates, [line]);
    templates = placed.templates;
    return placed.ids;
  });

  expect({ templates, ids }).toEqual(place([], lines));
});

/** A line that is like no other. */
const noise = (n: number): string => `${'z'.repeat(n + 1)} failed`.repeat(n + 1);

test('one account that prints noise takes only some of the places, and the others’ lines find one', () => {
  const [loud, quiet] = [anAccountId(1), anAccountId(2)];
  const lines = Array.from({ length: 100 }, (_, n) => ({ line: noise(n), accountId: loud }));

  const { templates, ids } = place([], [...lines, { line: 'no space left', accountId: quiet }]);

  expect(templates.filter(({ by }) => by === loud)).toHaveLength(TEMPLATES_PER_ACCOUNT);
  expect(ids.filter((id) => id === OTHER_OUTPUTS)).toHaveLength(100 - TEMPLATES_PER_ACCOUNT);
  expect(templates.at(-1)).toMatchObject({ text: 'no space left', by: quiet });
});

test('where all places are taken, a new line takes that of a template which no host has any more, or none', () => {
  const lines = Array.from({ length: TEMPLATES_PER_CAUSE }, (_, n) => ({
    line: noise(n),
    accountId: anAccountId(n),
  }));
  const { templates, ids } = place([], lines);
  const late = [{ line: 'no space left', accountId: anAccountId(99) }];

  expect(place(templates, late)).toEqual({ templates, ids: [OTHER_OUTPUTS] });
  const replaced = place(templates, late, new Set(ids.slice(3, 4)));
  expect(replaced.templates.map(({ id }) => id)).toEqual([...ids.filter((_, n) => n !== 3), ...replaced.ids]);
});

test('hostile output, of any length and content, leaves templates of bounded number and size', () => {
  const random = seededRandom(5);
  let templates: readonly OutputTemplate[] = [];

  for (let n = 0; n < 400; n += 1) {
    const line = tellingLine(`${hostileText(random)}${'<*> '.repeat(n)}${hostileText(random)}`);
    if (line === null) continue;
    templates = place(templates, [{ line, accountId: anAccountId(n % 50) }]).templates;
  }

  expect(templates.length).toBeLessThanOrEqual(TEMPLATES_PER_CAUSE);
  for (const { text } of templates) expect(text.length).toBeLessThanOrEqual(500);
  expect(new Set(templates.map(({ id }) => id)).size).toBe(templates.length);
});
