import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareFiles, writeFiles } from './write-files.ts';

let folder: string;
const FILES = [
  { path: 'a.txt', content: 'a\n' },
  { path: 'deep/er/b.txt', content: 'b\n' },
  { path: 'deep/c.txt', content: 'c\n' },
];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-init-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function everything(): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
}

test('all files are written, with their folders and nothing else', () => {
  writeFiles(join(folder, 'new'), FILES);

  expect(everything()).toEqual([
    'new',
    'new/a.txt',
    'new/deep',
    'new/deep/c.txt',
    'new/deep/er',
    'new/deep/er/b.txt',
  ]);
  expect(readFileSync(join(folder, 'new/deep/er/b.txt'), 'utf8')).toBe('b\n');
});

test('an error in the middle leaves everything as it was', () => {
  writeFileSync(join(folder, 'a.txt'), 'old\n');
  mkdirSync(join(folder, 'deep'));
  writeFileSync(join(folder, 'deep/kept.txt'), 'kept\n');
  // The last file cannot be moved to its place: a folder with something in it stands there, and then may not be moved.
  const blocked = [...FILES, { path: 'a.txt/d.txt', content: 'd\n' }];

  expect(() => writeFiles(folder, blocked)).toThrow(/ENOTDIR|EEXIST/);

  expect(everything()).toEqual(['a.txt', 'deep', 'deep/kept.txt']);
  expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('old\n');
});

test('what stands there is new, same, different or blocked', () => {
  writeFileSync(join(folder, 'a.txt'), 'a\n');
  mkdirSync(join(folder, 'elsewhere'));
  symlinkSync('elsewhere', join(folder, 'deep'));

  expect([...compareFiles(folder, FILES).values()]).toEqual(['same', 'blocked', 'blocked']);
  rmSync(join(folder, 'deep'));
  expect([...compareFiles(folder, FILES).values()]).toEqual(['same', 'new', 'new']);
  writeFileSync(join(folder, 'a.txt'), 'other\n');
  mkdirSync(join(folder, 'deep/c.txt'), { recursive: true });
  expect([...compareFiles(folder, FILES).values()]).toEqual(['different', 'new', 'blocked']);
});

test('a link is never written through', () => {
  writeFileSync(join(folder, 'target'), 'mine\n');
  symlinkSync('target', join(folder, 'a.txt'));

  expect(compareFiles(folder, FILES).get('a.txt')).toBe('blocked');
});

test.skipIf(process.getuid?.() === 0)(
  'a folder that may not be written to is an error and nothing else',
  () => {
    chmodSync(folder, 0o500);

    expect(() => writeFiles(join(folder, 'new'), FILES)).toThrow('EACCES');
    expect(existsSync(join(folder, 'new'))).toBe(false);
    chmodSync(folder, 0o700);
  },
);
