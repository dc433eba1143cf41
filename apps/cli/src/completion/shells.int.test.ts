/** `muster completion` in the shells themselves. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CAUSES } from '@muster/core/enrollment/cause';
import { baseEnvironment, MUSTER_ENTRY } from '@muster/testing/supervised-process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function isThere(shell: string): boolean {
  return spawnSync(shell, ['--version']).error === undefined;
}

function scriptFor(shell: string): string {
  const file = join(folder, `muster.${shell}`);
  const { stdout, status } = spawnSync(process.execPath, [MUSTER_ENTRY, 'completion', shell], {
    encoding: 'utf8',
    env: baseEnvironment(),
  });
  expect(status).toBe(0);
  writeFileSync(file, stdout);
  return file;
}

describe('bash', () => {
  let script: string;
  beforeAll(() => {
    script = scriptFor('bash');
    writeFileSync(join(folder, 'a muster.yaml'), '');
  }, 60_000);

  /** What a press of Tab after the last word offers. */
  function offered(...words: readonly string[]): readonly string[] {
    const text = execFileSync(
      'bash',
      [
        '--norc',
        '-c',
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); $(complete -p muster | sed "s/.*-F \\([^ ]*\\).*/\\1/"); printf "%s\\n" "${COMPREPLY[@]}"',
        'bash',
        script,
        ...words,
      ],
      { encoding: 'utf8', cwd: folder },
    );
    return text.split('\n').filter((line) => line !== '');
  }

  test.each([
    [['muster', 'inst'], ['instances']],
    [
      ['./muster', 're'],
      ['resume', 'retry'],
    ],
    [['muster', '--config', 'x.yaml', 'expl'], ['explain']],
    [
      ['muster', 'config', ''],
      ['check', 'diff'],
    ],
    [['muster', 'config', 'check', '--h'], ['--help']],
    [['muster', 'instances', '--st'], ['--state']],
    [['muster', 'instances', '--state', 'jo'], ['joined']],
    [['muster', 'instances', '--state', '=', 'lo'], ['lost']],
    [['muster', 'instances', '--cause', 'host-d'], ['host-disk-full']],
    [
      ['muster', 'findings', '-o', ''],
      ['table', 'json', 'csv'],
    ],
    [['muster', 'completion', 'f'], ['fish']],
    [['muster', '--config', 'a'], ['a muster.yaml']],
    [['muster', 'config', 'check', 'a'], ['a muster.yaml']],
  ])('%j is completed', (words, expected) => {
    const found = offered(...words);

    // After a space all words are offered, of which these are some.
    expect(found).toEqual(expect.arrayContaining([...expected]));
    expect(found.length <= expected.length || words.at(-1) === '').toBe(true);
  });

  test('of a word that only the operator knows, none is', () => {
    expect(offered('muster', 'retry', '--account', '')).toEqual([]);
  });

  test('every cause is offered', () => {
    expect(offered('muster', 'retry', '--cause', '').toSorted()).toEqual(Object.keys(CAUSES).toSorted());
  });
});

describe.skipIf(!isThere('zsh'))('zsh', () => {
  test('takes the script, and has a completion for muster', () => {
    const { stdout, stderr } = spawnSync(
      'zsh',
      ['-f', '-c', `source ${scriptFor('zsh')}; print -r -- $_comps[muster]`],
      { encoding: 'utf8', env: { ...baseEnvironment(), HOME: folder } },
    );

    expect(stderr).toBe('');
    expect(stdout).toContain('_muster');
  });
});

describe.skipIf(!isThere('fish'))('fish', () => {
  test.each([
    ['muster inst', 'instances'],
    ['muster config ch', 'check'],
    ['muster instances --state jo', 'joined'],
    ['muster findings -o c', 'csv'],
  ])('%s is completed', (line, word) => {
    const text = execFileSync('fish', ['-N', '-c', `source ${scriptFor('fish')}; complete -C '${line}'`], {
      encoding: 'utf8',
      env: { ...baseEnvironment(), HOME: folder },
    });

    expect(text.split('\n').map((one) => one.split('\t')[0])).toContain(word);
  });
});
