import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LARGEST_BYTES, readTextFile } from './read-text-file.ts';

let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'muster-text-'));
  file = join(dir, 'text');
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function problemOf(path: string): string {
  const reading = readTextFile(path);
  return reading.ok ? '' : reading.problem;
}

test('a file is read whole, with its byte order mark, up to the largest size and not a byte more', () => {
  const text = `\uFEFF${'é'.repeat(1000)}\n`;
  writeFileSync(file, text);
  expect(readTextFile(file)).toEqual({ ok: true, text });

  writeFileSync(file, 'a'.repeat(LARGEST_BYTES));
  expect(problemOf(file)).toBe('');

  writeFileSync(file, 'a'.repeat(LARGEST_BYTES + 1));
  expect(problemOf(file)).toBe('is larger than 1 MiB: this is the wrong file');
});

test('a named pipe without a writer and a device that never ends are not waited for', () => {
  execFileSync('sh', ['-c', 'mkfifo "$0"', file]);

  expect(problemOf(file)).toMatch(/^is a named pipe, not a file: write its content into a file/);
  expect(problemOf('/dev/zero')).toMatch(/^is a device, not a file/);
  expect(problemOf(dir)).toMatch(/^is a directory, not a file/);
});

test.runIf(process.platform === 'linux')('of a file whose size is not told, what it holds is read', () => {
  expect(readTextFile('/proc/self/comm')).toMatchObject({ ok: true, text: expect.stringMatching(/\S\n$/) });
});

test.each([
  ['é in latin1', 'a: 1\nb: 2\nc: \xe9\n', 3],
  ['UTF-16, as PowerShell writes', '\xff\xfea\0:\0', 1],
  ['a character cut off at the end', 'a: 1\nb: \xc3', 2],
])('the line is told that is no UTF-8: %s', (_name, bytes, line) => {
  writeFileSync(file, bytes, 'latin1');

  expect(readTextFile(file)).toMatchObject({ ok: false, line, problem: expect.stringContaining('no UTF-8') });
});

test.runIf(process.platform === 'linux')('a pipe that the shell hands over is read', () => {
  const script = `import { readTextFile } from ${JSON.stringify(new URL('./read-text-file.ts', import.meta.url).href)};
process.stdout.write(JSON.stringify(readTextFile('/dev/stdin')));`;

  const answer = execFileSync(
    'sh',
    ['-c', 'printf late-text | "$0" --input-type=module -e "$1"', process.execPath, script],
    { encoding: 'utf8', timeout: 15_000 },
  );

  expect(JSON.parse(answer)).toEqual({ ok: true, text: 'late-text' });
});
