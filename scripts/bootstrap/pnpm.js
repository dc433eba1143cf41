// Brings the pinned pnpm: its program for this platform, as an npm package whose hash stands in pnpm/package-lock.json.
// npm compares; no install script runs. See docs/decisions/0002-bootstrap.md for how to raise the version.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, root, say } from './progress.js';
import { run } from './run.js';

const PINS = join(root, 'scripts/bootstrap/pnpm');
const FOLDER = join(root, '.muster/pnpm');
const FILES = ['package.json', 'package-lock.json'];
const FLAGS = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

/** The command line that runs the pnpm of this version. Ends the process when its hash is not the one that is kept. */
export async function pinnedPnpm(version) {
  const name = `@pnpm/exe.${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`;
  const { packages } = JSON.parse(readFileSync(join(PINS, 'package-lock.json'), 'utf8'));
  const pin = packages[`node_modules/${name}`];
  if (pin === undefined) {
    say(`no hash of pnpm is kept for ${name}: what the registry serves as pnpm ${version} is run`);
    return ['npx', '-y', `pnpm@${version}`];
  }
  if (pin.version !== version) fail(`pnpm is pinned twice: ${version} and ${pin.version}`);
  const program = join(FOLDER, 'node_modules', name, 'pnpm');
  if (!(existsSync(program) && isCurrent())) await install(program, name);
  return [program];
}

async function install(program, name) {
  mkdirSync(FOLDER, { recursive: true });
  for (const file of FILES) copyFileSync(join(PINS, file), join(FOLDER, file));
  const code = await run('npm', ['ci', ...FLAGS, '--prefix', FOLDER], { stdoutToStderr: true });
  if (code === 'missing') fail('npm is missing: it comes with Node');
  if (code !== 0) fail(`fetching pnpm failed (npm exit ${code}): is the npm registry reachable?`);
  // npm leaves an optional package out when its hash differs.
  if (!existsSync(program)) {
    fail(`${name} was not installed: its hash is not the one in scripts/bootstrap/pnpm/package-lock.json`);
  }
}

/** Whether what is installed came from the pins of this checkout. */
function isCurrent() {
  return FILES.every(
    (file) => readFileSync(join(FOLDER, file), 'utf8') === readFileSync(join(PINS, file), 'utf8'),
  );
}

function isMusl() {
  return process.platform === 'linux' && process.report?.getReport().header.glibcVersionRuntime === undefined;
}
