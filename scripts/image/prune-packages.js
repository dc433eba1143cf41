// Takes out of installed packages what no process of Muster loads: type declarations, source maps, documents, and of AWS's packages the
// builds for bundlers. Of pnpm's own files it takes those that hold the time of the installation: two builds of one commit are then alike.
// Called by the Dockerfile: node prune-packages.js node_modules
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const USELESS_FILE = /\.(d\.[cm]?ts|map|md|markdown|tsbuildinfo|flow)$/i;
/** Licenses and notices stay, whatever they are called. */
const LEGAL = /licen[cs]e|notice|copying|copyright/i;
/** Of packages that Node loads from `dist-cjs`. */
const BUNDLERS_FOLDERS = ['dist-es', 'dist-types'];
const DATED_FILES = ['.modules.yaml', '.pnpm-workspace-state-v1.json'];

const [root = 'node_modules'] = process.argv.slice(2);
prune(root);
for (const name of DATED_FILES) rmSync(join(root, name), { force: true });

function prune(folder) {
  const entries = readdirSync(folder, { withFileTypes: true });
  if (entries.some(({ name }) => name === 'dist-cjs') && isLoadedFromCjs(folder)) {
    for (const name of BUNDLERS_FOLDERS) rmSync(join(folder, name), { recursive: true, force: true });
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && existsSync(path)) prune(path);
    else if (entry.isFile() && USELESS_FILE.test(entry.name) && !LEGAL.test(entry.name)) rmSync(path);
  }
}

/** Whether Node itself finds `dist-cjs`: by `main`, or by the condition `node`, which stands before `import`. */
function isLoadedFromCjs(folder) {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return false;
  const { main = '', exports: entries } = JSON.parse(readFileSync(file, 'utf8'));
  if (entries === undefined) return main.includes('dist-cjs');
  return Object.values(entries).every(
    (entry) => (entry.node ?? '').includes('dist-cjs') || entry.node === './package.json',
  );
}
