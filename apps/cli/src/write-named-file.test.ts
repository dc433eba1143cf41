import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { holdsAlready, whyNotWritable, writeNamedFile } from './write-named-file.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-write-'));
  file = join(folder, 'token.yaml');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a file that a person names', () => {
  test('is written, and replaced, whole, and nothing is left beside it', () => {
    writeNamedFile(file, 'first');
    writeNamedFile(file, 'second');

    expect(readFileSync(file, 'utf8')).toBe('second');
    expect(readdirSync(folder)).toEqual(['token.yaml']);
    expect([holdsAlready(file, 'second'), holdsAlready(file, 'secomd')]).toEqual([true, false]);
  });

  test('can be for its owner alone', () => {
    writeNamedFile(file, 'x', 0o600);

    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('that could not be written leaves nothing behind', () => {
    mkdirSync(join(folder, 'sub'));
    const long = join(folder, 'sub', 'x'.repeat(250));

    expect(() => {
      writeNamedFile(long, 'x');
    }).toThrow('ENAMETOOLONG');
    expect(readdirSync(join(folder, 'sub'))).toEqual([]);
  });
});

describe('what was planted is not followed', () => {
  const victim = (): string => {
    const path = join(folder, 'victim');
    writeFileSync(path, 'precious');
    return path;
  };

  test('a link in the place of the file', () => {
    const target = victim();
    symlinkSync(target, file);

    expect(() => {
      writeNamedFile(file, 'x');
    }).toThrow(/is a symbolic link, and is not followed: name the file/);
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(holdsAlready(file, 'precious')).toBe(false);
  });

  test('a link to nothing, which would make a file elsewhere', () => {
    symlinkSync(join(folder, 'elsewhere'), file);

    expect(whyNotWritable(file)).toMatch(/symbolic link/);
    expect(readdirSync(folder)).toEqual(['token.yaml']);
  });

  test('a link where the name of a file that is being written could be guessed', () => {
    const target = victim();
    symlinkSync(target, `${file}.new`);

    writeNamedFile(file, 'x');

    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(lstatSync(`${file}.new`).isSymbolicLink()).toBe(true);
  });

  test('a second name of another file', () => {
    const target = victim();
    linkSync(target, file);

    writeNamedFile(file, 'x');

    expect([readFileSync(target, 'utf8'), readFileSync(file, 'utf8')]).toEqual(['precious', 'x']);
  });

  test('what is no file stays', () => {
    mkdirSync(file);

    expect(whyNotWritable(file)).toBe('is not a plain file, and is left as it is');
    expect(whyNotWritable('/dev/null')).toBe('is not a plain file, and is left as it is');
  });

  // Files of another user can only be made by root.
  test.skipIf(process.getuid?.() !== 0)('a file of another user, in a folder that both may write to', () => {
    writeFileSync(file, 'theirs');
    lchownSync(file, 65_534, 65_534);
    expect(whyNotWritable(file)).toBe(null);

    chmodSync(folder, 0o1777);

    expect(whyNotWritable(file)).toMatch(/^belongs to another user, in a folder where others may write/);
  });

  test.skipIf(process.getuid?.() !== 0)('a link of another user on the way there', () => {
    mkdirSync(join(folder, 'home'));
    symlinkSync(join(folder, 'home'), join(folder, 'way'));
    expect(whyNotWritable(join(folder, 'way', 'token.yaml'))).toBe(null);

    lchownSync(join(folder, 'way'), 65_534, 65_534);

    expect(whyNotWritable(join(folder, 'way', 'token.yaml'))).toMatch(/belongs to another user/);
  });
});
