/** Pages name places of this repository that exist, and README leads to every page. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = globSync(['docs/*.md', 'docs/deploy/*.md', 'docs/guide/*.md', '*.md'], { cwd: ROOT });
/** `core` is short for it, and pages about it leave it out altogether. */
const CORE = 'packages/core/src';
/** Is made by a build. */
const BUILT = 'apps/console/dist';

function page(name: string): string {
  return readFileSync(join(ROOT, name), 'utf8');
}

/** Paths of this repository in backticks: from one of its folders on, or a file of code in core. */
function placesIn(text: string): readonly string[] {
  const quoted = [...text.matchAll(/`([\w@.-]+(?:\/[\w@.-]+)+\/?)`/g)].map(([, word = '']) => word);
  return quoted.filter(
    (word) =>
      /^(?:apps|packages|test|bench|scripts|deploy|docs|core)\//.test(word) || /\.(?:tsx?|lua)$/.test(word),
  );
}

function exists(place: string): boolean {
  if (place.startsWith(BUILT)) return true;
  const options = [place, place.replace(/^core\//, `${CORE}/`), `${CORE}/${place}`];
  return options.some((option) => existsSync(join(ROOT, option)));
}

test('every path of the repository that a page names is there', () => {
  const named = PAGES.flatMap((name) => placesIn(page(name)).map((place) => ({ name, place })));

  expect(named.length).toBeGreaterThan(250);
  expect(
    named
      .filter(({ name, place }) => name !== 'docs/benchmarks.md' || place !== 'bench/results/NAME.json')
      .filter(({ place }) => !exists(place)),
  ).toEqual([]);
});

test('every file that a page links to is there', () => {
  const links = PAGES.flatMap((name) =>
    [...page(name).matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => ({
      name,
      link,
    })),
  );

  expect(links.length).toBeGreaterThan(200);
  expect(links.filter(({ name, link }) => !existsSync(join(ROOT, name, '..', link)))).toEqual([]);
});

test('README leads to every page of docs and of the ways to deploy, and to the changelog', () => {
  const linked = new Set([...page('README.md').matchAll(/\]\(([^)#]+)/g)].map(([, link = '']) => link));
  const pages = [
    ...globSync(['docs/*.md', 'docs/deploy/*.md'], { cwd: ROOT }),
    'CHANGELOG.md',
    'SECURITY.md',
  ];

  expect(pages.length).toBeGreaterThan(30);
  expect(pages.filter((name) => !linked.has(name))).toEqual([]);
});

test('no page sends an operator to a tag that is not there', () => {
  const named = PAGES.flatMap((name) =>
    [...page(name).matchAll(/--branch v[\d.]+/g)].map(([words]) => `${name}: ${words}`),
  );

  expect(named).toEqual([]);
});
