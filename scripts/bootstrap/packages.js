// Brings the packages and, as one of them, the pinned Node: all by the hashes of the lockfile. A stamp inside node_modules
// says for which lockfile that was last done, so that a second start costs nothing.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pinnedPnpm } from './pnpm.js';
import { fail, root, say } from './progress.js';
import { pinnedNode, run } from './run.js';

const STAMP = join(root, 'node_modules/.muster-installed');
const LOCK = join(root, '.muster/installing');
const WAIT_MS = 200;

/** Installs what the lockfile names, unless it is there already. One process at a time does it. */
export async function installPackages() {
  const wanted = wantedStamp();
  if (isInstalled(wanted)) return;
  await withLock(async () => {
    if (isInstalled(wanted)) return;
    const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devEngines.packageManager
      .version;
    say(`installing packages with pnpm ${version} (the first time takes about half a minute)`);
    const reporter = process.stderr.isTTY ? [] : ['--reporter=append-only'];
    const [pnpm, ...args] = await pinnedPnpm(version);
    const code = await run(pnpm, [...args, 'install', '--frozen-lockfile', ...reporter], {
      // CI: pnpm must not stop to ask whether it may replace node_modules.
      env: { ...process.env, CI: '1' },
      stdoutToStderr: true,
    });
    if (code === 'missing') fail(`${pnpm} cannot be run: npm and npx come with Node`);
    if (code !== 0) fail(`installing packages failed (exit ${code}): is the npm registry reachable?`);
    if (pinnedNode === null) fail(noNode());
    if (!existsSync(pinnedNode)) {
      fail(
        'packages are installed, but not the pinned Node: what the registry served has another hash than the lockfile',
      );
    }
    writeFileSync(STAMP, wanted);
    say('packages are ready');
  });
}

function isInstalled(wanted) {
  return (
    existsSync(STAMP) &&
    pinnedNode !== null &&
    existsSync(pinnedNode) &&
    readFileSync(STAMP, 'utf8') === wanted
  );
}

function noNode() {
  const version = readFileSync(join(root, '.node-version'), 'utf8').trim();
  return `the lockfile has no Node for ${process.platform}-${process.arch}, and this one is ${process.versions.node}: install Node ${version} (fnm, nvm and others read .node-version) and try again`;
}

/**
 * What the installed packages depend on, whole: the script `muster` compares it without a Node, by `cat` and `cmp`. The platform is
 * part of it: the pinned Node is a binary.
 *
 * @public by test/repo/muster-script.test.ts, in a copy of this folder
 */
export function wantedStamp() {
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'scripts/bootstrap/pnpm/package-lock.json'];
  const texts = files.map((file) => readFileSync(join(root, file), 'utf8'));
  return [`${process.platform}-${process.arch}\n`, ...texts].join('');
}

/** Two first starts at once would install into each other's node_modules: the second one waits. */
async function withLock(work) {
  mkdirSync(join(root, '.muster'), { recursive: true });
  let said = false;
  while (!take()) {
    if (!said) say('waiting for another start that is installing packages');
    said = true;
    await sleep(WAIT_MS);
  }
  const release = () => rmSync(LOCK, { force: true });
  process.once('exit', release);
  await work();
  release();
  process.off('exit', release);
}

function take() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!holderIsAlive()) rmSync(LOCK, { force: true });
    return false;
  }
}

function holderIsAlive() {
  try {
    const pid = Number(readFileSync(LOCK, 'utf8'));
    // An empty file: its writer is between creating and writing it.
    return pid === 0 || process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
