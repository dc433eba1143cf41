/** docs/security.md is a list of claims: each has a test or a line of code that shows it, or says that nothing holds it. docs/supply-chain.md names tests too. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

const page = read('docs/security.md');
const NAMED = /`((?:apps|packages|test)\/[\w./-]+\.(?:ts|lua))`(?: › \*([^*]+)\*)?/g;
const witnesses = [page, read('docs/supply-chain.md')].flatMap((text) =>
  [...text.matchAll(NAMED)].map(([, file = '', name = null]) => ({ file, name })),
);

/** The cells of each row of the tables whose last column is `shown by`. */
function claims(): readonly (readonly string[])[] {
  return page.split('\n\n').flatMap((block) => {
    const [head = '', , ...rows] = block.split('\n').filter((line) => line.startsWith('|'));
    return head.endsWith('| shown by |')
      ? rows.map((row) =>
          row
            .slice(1, -1)
            .split(' | ')
            .map((cell) => cell.trim()),
        )
      : [];
  });
}

test('every file that the page names exists, and it names many', () => {
  expect(witnesses.length).toBeGreaterThan(60);
  expect(witnesses.filter(({ file }) => !existsSync(new URL(file, root)))).toEqual([]);
});

test('every test that the page names stands in the file it names', () => {
  const named = witnesses.filter(({ name }) => name !== null);
  const missing = named.filter(({ file, name }) => !read(file).includes(name ?? ''));

  expect(named.length).toBeGreaterThan(30);
  expect(missing).toEqual([]);
});

test('every claim is shown by a test or a line of code, or says that Muster does not hold it', () => {
  const rows = claims();
  const bare = rows.filter((cells) => {
    const shownBy = cells.at(-1) ?? '';
    const isShown = [...shownBy.matchAll(NAMED)].length > 0;
    return !isShown && !/\*\*not held\*\*|^meant so$/i.test(cells[1] ?? '');
  });

  expect(rows.length).toBeGreaterThan(60);
  expect(bare).toEqual([]);
});

describe('the page answers for each part that an attacker may come to hold', () => {
  const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, title = '']) => title);
  const [summary = ''] = page.split('\n## ');
  const linked = [...summary.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor = '']) => anchor);

  test('every part of the summary has a section', () => {
    const anchors = new Set(
      sections.map((title) =>
        title
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      ),
    );

    expect(linked.length).toBeGreaterThan(12);
    expect(linked.filter((anchor) => !anchors.has(anchor))).toEqual([]);
  });

  test.each([
    'Redis, reading',
    'Redis, writing',
    'A console session, or an API token',
    'A worker, its host, or its role',
    'A scheduler, or its host',
    'The marker key',
    'The identity of `tctl`',
    'A member account',
    'A host',
    'The proxy of Teleport',
    'The image and the configuration file',
    'The secret of a notification channel',
    'The OpenID Connect provider',
  ])('%s', (part) => {
    expect(sections).toContain(part);
  });
});
