/** The maps of the repository name places that exist. */
import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CORE = 'packages/core/src/';

function page(name: string): Promise<string> {
  return readFile(join(ROOT, name), 'utf8');
}

/** What stands in backticks. */
function quotedIn(text: string): readonly string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, word]) => word ?? '');
}

test('the tables of changes lead to places that exist', async () => {
  const [, afterTitle = ''] = (await page('docs/ARCHITECTURE.md')).split('## Where to change what');
  const [table = ''] = afterTitle.split('\n## The ledger');
  const places = quotedIn(table)
    .filter((word) => word.includes('/'))
    .map((word) => word.replace(/^core\//, CORE));

  expect(places.length).toBeGreaterThan(50);
  expect(places.filter((place) => !existsSync(join(ROOT, place)))).toEqual([]);
});

test('every room of the architecture is there', async () => {
  const [, afterTitle = ''] = (await page('docs/ARCHITECTURE.md')).split('## Rooms');
  const [table = ''] = afterTitle.split('\nThe walls');
  const rooms = table
    .split('\n')
    .flatMap((row) => quotedIn(row.split('|')[1] ?? ''))
    .filter((word) => word.includes('/'));

  expect(rooms.length).toBeGreaterThan(15);
  expect(rooms.filter((room) => !existsSync(join(ROOT, room)))).toEqual([]);
});

test.each(['docs/ARCHITECTURE.md', 'docs/sending-once.md', 'docs/inventory.md', 'docs/decisions/*.md'])(
  'the files of code that %s names are there',
  async (pattern) => {
    const files = globSync('{apps,packages,test,scripts,bench}/**/*.{ts,tsx,js,lua}', {
      cwd: ROOT,
      exclude: (name) => name === 'node_modules',
    });
    const known = new Set(files.map((file) => basename(file)));
    const pages = globSync(pattern, { cwd: ROOT });

    const missing: string[] = [];
    for (const name of pages) {
      const named = quotedIn(await page(name)).filter((word) => /^[\w./-]+\.(tsx?|js|lua)$/.test(word));
      missing.push(...named.filter((word) => !known.has(basename(word))).map((word) => `${name}: ${word}`));
    }

    expect(pages).not.toEqual([]);
    expect(missing).toEqual([]);
  },
);

test('the files of code that a comment names are there', async () => {
  const files = globSync('{apps,packages,test,scripts,bench}/**/*.{ts,tsx,js,lua}', {
    cwd: ROOT,
    // A page that is built just now has folders that come and go.
    exclude: (name) => name === 'node_modules' || name.startsWith('dist'),
  });
  const missing: string[] = [];
  let named = 0;
  for (const file of files.filter((one) => !one.startsWith('test/repo/'))) {
    const text = await page(file);
    const comments = text.match(file.endsWith('.lua') ? /--.*/g : /\/\*[\s\S]*?\*\/|\/\/.*/g) ?? [];
    const words = quotedIn(comments.join('\n')).filter((word) => /^[\w./-]+\.(tsx?|lua)$/.test(word));
    named += words.length;
    const gone = words.filter(
      (word) => !files.some((one) => `/${one}`.endsWith(`/${word.replace(/^[./]+/, '')}`)),
    );
    missing.push(...gone.map((word) => `${file}: ${word}`));
  }

  expect(named).toBeGreaterThan(20);
  expect(missing).toEqual([]);
});

test('docs/metrics.md lists every metric, and no other', async () => {
  const files = globSync('{apps,packages}/*/src/**/*.ts', {
    cwd: ROOT,
    exclude: (name) => name === 'node_modules',
  });
  const defined = new Set<string>();
  for (const file of files.filter((one) => !one.endsWith('.test.ts'))) {
    for (const [, name = ''] of (await page(file)).matchAll(/name: '(muster_[a-z_]+)'/g)) defined.add(name);
  }
  const listed = [...(await page('docs/metrics.md')).matchAll(/^\| `(muster_[a-z_]+)` \|/gm)].map(
    ([, name = '']) => name,
  );

  expect(defined.size).toBeGreaterThan(10);
  expect(listed.toSorted()).toEqual([...defined].toSorted());
});
