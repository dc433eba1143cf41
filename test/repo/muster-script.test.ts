/** The script `muster` of a checkout: it takes the short way exactly while nothing has to be set up. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LOCKED = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.node-version', 'scripts/bootstrap'];

let checkout: string;
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'muster-script-'));
  for (const name of ['muster', ...LOCKED]) {
    cpSync(join(ROOT, name), join(checkout, name), { recursive: true });
  }
  const bin = join(checkout, `node_modules/node-${process.platform}-${process.arch}/bin`);
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, 'node'));
  mkdirSync(join(checkout, 'apps/cli/bin'), { recursive: true });
  writeFileSync(join(checkout, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(checkout, 'apps/cli/bin/muster.js'),
    'console.log("short", process.argv.slice(2).join("|"))',
  );
  writeFileSync(
    join(checkout, 'scripts/bootstrap.js'),
    'console.log("long", process.argv.slice(2).join("|"))',
  );
});
afterEach(() => {
  rmSync(checkout, { recursive: true });
});

function type(...args: readonly string[]): string {
  return execFileSync(join(checkout, 'muster'), args, { encoding: 'utf8' }).trim();
}

/** As the bootstrap leaves it when it has installed what the lockfile names. */
async function stamp(): Promise<void> {
  const packages: unknown = await import(pathToFileURL(join(checkout, 'scripts/bootstrap/packages.js')).href);
  const { wantedStamp } = packages as { wantedStamp: () => string };
  writeFileSync(join(checkout, 'node_modules/.muster-installed'), wantedStamp());
}

test('a checkout that was never set up takes the long way', () => {
  expect(type('status', '--json')).toBe('long muster|status|--json');
});

test('where nothing changed the pinned Node is started at once, with the words as they were typed', async () => {
  await stamp();

  expect(type('instances', '--cause', 'a b')).toBe('short instances|--cause|a b');
});

test.each(LOCKED.slice(0, 2))('a changed %s takes the long way', async (file) => {
  await stamp();
  appendFileSync(join(checkout, file), '# changed\n');

  expect(type('status')).toBe('long muster|status');
});

test('without the pinned Node it takes the long way', async () => {
  await stamp();
  rmSync(join(checkout, `node_modules/node-${process.platform}-${process.arch}`), { recursive: true });

  expect(type('status')).toBe('long muster|status');
});

test('processes that stay take the long way, which builds what they serve', async () => {
  await stamp();

  expect(type('--config', 'x.yaml', 'scheduler')).toBe('long muster|--config|x.yaml|scheduler');
  expect(type('run', '--once')).toBe('long muster|run|--once');
});
