import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createLineWriter } from './logger.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-lines-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('lines are written as they are, whatever characters they hold', () => {
  const file = join(folder, 'log');
  const fd = openSync(file, 'w');
  const lines = createLineWriter(fd, String);

  lines.write('first\n');
  lines.write('zweite: größer ✓\n');

  expect(readFileSync(file, 'utf8')).toBe('first\nzweite: größer ✓\n');
  closeSync(fd);
});

// The device that is always full.
test.runIf(process.platform === 'linux')('a line that cannot be written is dropped without a sound', () => {
  const fd = openSync('/dev/full', 'w');
  const lines = createLineWriter(fd, String);

  expect(() => {
    for (let n = 0; n < 100; n += 1) lines.write(`line ${n}\n`);
  }).not.toThrow();
  closeSync(fd);
});

test('when a reader comes back, the first line tells how many it has missed', () => {
  const pipe = join(folder, 'pipe');
  execFileSync('sh', ['-c', 'mkfifo "$0"', pipe]);
  const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const line = `${'x'.repeat(4_095)}\n`;
  const lines = createLineWriter(fd, (lost) => `lost ${lost}\n`);
  // 64 KB fit into a pipe.
  for (let n = 0; n < 17; n += 1) lines.write(line);
  const room = Buffer.alloc(70_000);
  expect(readSync(fd, room)).toBe(16 * line.length);

  lines.write('after\n');

  expect(room.toString('utf8', 0, readSync(fd, room))).toBe('lost 1\nafter\n');
  closeSync(fd);
});
