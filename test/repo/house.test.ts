/** Rules of the house that no linter knows. */
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = '{apps,packages,scripts,test,bench}/**/*.{ts,tsx,js,lua,css}';
const TEXTS =
  '{apps,packages,scripts,test,bench,deploy,docs,.ci}/**/*.{ts,tsx,css,html,js,lua,md,json,yaml,yml,tf,sh}';
const MAX_LINES = 500;
const NAMES_THAT_SAY_NOTHING = /^(utils?|common|helpers?|types|misc|shared|lib|interfaces)$/;

/** Paths relative to the repository; nothing installed, built or left over. */
function filesOf(pattern: string): readonly string[] {
  const found = globSync(pattern, { cwd: ROOT, exclude: (name) => name === 'node_modules' });
  return found.filter((file) => !/(^|\/)(node_modules|results|\.turbo|dist[.\d]*)\//.test(file)).toSorted();
}

function read(file: string): Promise<string> {
  return readFile(`${ROOT}/${file}`, 'utf8');
}

const sources = filesOf(SOURCES);

test('there is something to look at', () => {
  expect(sources.length).toBeGreaterThan(200);
  expect(sources.filter((file) => file.includes('node_modules'))).toEqual([]);
});

test(`no file is longer than ${MAX_LINES} lines`, async () => {
  const lengths = await Promise.all(
    sources
      .filter((file) => !file.endsWith('.test.ts'))
      .map(async (file) => ({ file, lines: (await read(file)).split('\n').length })),
  );

  expect(lengths.filter(({ lines }) => lines > MAX_LINES)).toEqual([]);
});

test('a file or folder is named after its subject', () => {
  const parts = sources.flatMap((file) =>
    file.split('/').map((part) => ({ file, name: part.replace(/\..*$/, '') })),
  );

  expect(parts.filter(({ name }) => NAMES_THAT_SAY_NOTHING.test(name)).map(({ file }) => file)).toEqual([]);
});

test('names are kebab-case', () => {
  const odd = sources.filter((file) => !/^[a-z0-9.-]+$/.test(file.split('/').at(-1) ?? ''));

  expect(odd).toEqual([]);
});

test('nothing is re-exported wholesale', async () => {
  const barrels: string[] = [];
  for (const file of sources.filter((one) => !one.startsWith('test/repo/'))) {
    if (/^export \* from/m.test(await read(file))) barrels.push(file);
  }

  expect(barrels).toEqual([]);
});

describe('prose names the actor', () => {
  /** Words that leave open who acts: the worker, the scheduler, the operator, the account's owner, AWS? */
  const UNNAMED =
    /\b(somebody|nobody|whoever|whomever|anybody|everybody|someone|anyone|everyone|no one|of whom)\b/i;
  const PROSE = '{*.md,docs/**/*.md,deploy/**/*.md,packages/*/README.md}';
  const CODE = '{{apps,packages,scripts,test,bench,deploy}/**/*,*}.{ts,tsx,js,lua,yml,yaml,sh}';
  /** The user and the group of that name, on Linux. */
  const LINUX_USER = /=nobody\b/;
  const FOR_WHOM = '{README.md,CONTRIBUTING.md,docs/**/*.md,packages/*/README.md}';

  test.each([
    ['page', PROSE, 25],
    ['file of code', CODE, 700],
  ])('no %s says somebody, nobody or whoever', async (_, pattern, atLeast) => {
    const files = filesOf(pattern).filter((file) => file !== 'test/repo/house.test.ts');
    const found: string[] = [];
    for (const file of files) {
      const lines = (await read(file)).split('\n');
      const unnamed = lines.filter((line) => UNNAMED.test(line) && !LINUX_USER.test(line));
      found.push(...unnamed.map((line) => `${file}: ${line}`));
    }

    expect(files.length).toBeGreaterThan(atLeast);
    expect(found).toEqual([]);
  });

  test('every page says first whom it is for and what they know after it', async () => {
    const silent: string[] = [];
    for (const file of filesOf(FOR_WHOM)) {
      const [opening = ''] = (await read(file)).replace(/^(<!--.*-->\s*)?# .*\n+/, '').split('\n\n');
      if (!opening.startsWith('For ')) silent.push(file);
    }

    expect(silent).toEqual([]);
  });
});

describe('nothing tells of the machine it was written on', () => {
  test('no absolute path of a home or work folder', async () => {
    const folders = ['work', 'root', 'Users'].join('|');
    const path = new RegExp(String.raw`(^|[\s'"(=\x60])/(${folders})/[\w.-]`);
    const texts = filesOf(TEXTS);

    const found: string[] = [];
    for (const file of texts) if (path.test(await read(file))) found.push(file);

    expect(texts.length).toBeGreaterThan(sources.length);
    expect(found).toEqual([]);
  });

  test('the lock file and the package manager’s settings name no registry host', async () => {
    const lock = await read('pnpm-lock.yaml');
    const settings = filesOf('{.npmrc,pnpm-workspace.yaml,package.json,{apps,packages}/*/package.json}');

    expect(lock).toContain('lockfileVersion');
    expect(lock).not.toContain('://');
    for (const file of settings) expect(await read(file)).not.toMatch(/registry\s*=|"registry"|registry:/);
  });
});
