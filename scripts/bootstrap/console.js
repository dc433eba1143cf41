// Builds the console's page when its sources are not those that it was last built from: some seconds, once. The image
// builds it in a stage of its own.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, root, say } from './progress.js';
import { pinnedNode, run } from './run.js';

const CONSOLE = join(root, 'apps/console');
const BUILT = join(CONSOLE, 'dist');
const FILES = ['index.html', 'package.json', 'vite.config.ts'];
const FOLDERS = ['public', 'src'];
/** What it was built from: a hash. */
const STAMP = '.built-from';

/** Returns when `apps/console/dist` is what the sources say. Packages must be installed. */
export async function buildConsole() {
  const wanted = fingerprint();
  if (builtFrom() === wanted) return;
  say('building the console (some seconds, once)');
  // Beside the page that may be served right now, and by each process for itself: two first starts meet here.
  const fresh = `${BUILT}.${process.pid}`;
  try {
    const vite = join(CONSOLE, 'node_modules/vite/bin/vite.js');
    const args = [vite, 'build', CONSOLE, '--outDir', fresh, '--logLevel', 'warn', '--bypass-lock'];
    // A test runner says `test` here, and React would be the one for development.
    const env = { ...process.env, NODE_ENV: 'production' };
    const code = await run(pinnedNode, args, { env, stdoutToStderr: true });
    if (code !== 0) fail(`building the console failed (exit ${code})`);
    writeFileSync(join(fresh, STAMP), wanted);
    rmSync(BUILT, { recursive: true, force: true });
    renameSync(fresh, BUILT);
  } catch (error) {
    // Another process has put the same page there first.
    if (builtFrom() !== wanted) throw error;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** For vitest: tests of whole processes find the page built. */
export const setup = buildConsole;

function builtFrom() {
  try {
    return readFileSync(join(BUILT, STAMP), 'utf8');
  } catch {
    return null;
  }
}

function fingerprint() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'pnpm-lock.yaml')));
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(CONSOLE, folder), { recursive: true }).map((name) => join(folder, String(name))),
  );
  const names = [...FILES, ...inFolders].filter((name) => !name.endsWith('.test.ts')).sort();
  for (const name of names) {
    const file = join(CONSOLE, name);
    if (statSync(file).isFile()) hash.update(`${name}\0`).update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}
