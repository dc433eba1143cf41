import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('prune-packages.js', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-prune-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function pruned(files: readonly string[]): readonly string[] {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '{}');
  }
  execFileSync(process.execPath, [PROGRAM, folder]);
  const left = readdirSync(folder, { recursive: true, withFileTypes: true });
  return left
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

test('files in which pnpm notes when it ran are taken out, so that two builds of one commit are alike', () => {
  expect(pruned(['.modules.yaml', '.pnpm-workspace-state-v1.json', '.pnpm/lock.yaml'])).toEqual([
    '.pnpm/lock.yaml',
  ]);
});

test('what a process loads and what is a license stays; declarations, maps and documents go', () => {
  const kept = ['some/LICENSE.md', 'some/index.js', 'some/package.json'];

  expect(pruned([...kept, 'some/index.d.ts', 'some/index.js.map', 'some/README.md'])).toEqual(kept);
});
