// Starting other programs: with their output kept off our stdout, or as the program this was all for.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { root } from './progress.js';

/** Platforms whose Node is a package of the lockfile, and so has a hash there. */
const PACKAGED = new Set(['linux-x64', 'linux-arm64']);
const OLDEST_OWN_NODE = 24;

/**
 * The Node that everything but the bootstrap runs with. The binary itself: no shim, so that signals reach it. On other
 * platforms than the lockfile's the Node that runs this, when it is new enough; else null.
 */
export const pinnedNode = findNode();

function findNode() {
  const platform = `${process.platform}-${process.arch}`;
  if (PACKAGED.has(platform)) return join(root, `node_modules/node-${platform}/bin/node`);
  return Number(process.versions.node.split('.')[0]) >= OLDEST_OWN_NODE ? process.execPath : null;
}

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const PARENT_CHECK_MS = 1_000;

/** Runs a program to its end. Resolves with its exit code, or `missing` when there is no such program. */
export function run(command, args, { env = process.env, stdoutToStderr = false } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', stdoutToStderr ? 2 : 'inherit', 'inherit'];
    const child = spawn(command, args, { cwd: root, env, stdio });
    child.once('error', (error) => (error.code === 'ENOENT' ? resolve('missing') : reject(error)));
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/** Runs the verb, hands on our signals and ends with its exit code (128 + number when a signal ended it). */
export function runWithPinnedNode(args) {
  const env = {
    // Compiled once: starting hundreds of .ts files takes a quarter of the time from the second start on.
    NODE_COMPILE_CACHE: join(root, '.muster/compile-cache'),
    ...process.env,
    // Programs that look for `node`, such as the simulated tctl, find the pinned one.
    PATH: [dirname(pinnedNode), process.env.PATH ?? ''].join(delimiter),
  };
  const child = spawn(pinnedNode, args, { stdio: 'inherit', env });
  // The child may get a signal twice, from the terminal and from us: every process of ours takes the second calmly.
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  endWithNpm(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.exitCode = code ?? 128 + constants.signals[signal];
      resolve();
    });
  });
}

/** A signal sent to npm alone may end npm and never reach us: notice that it is gone, and end the verb too. */
function endWithNpm(child) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = npmAncestors();
  setInterval(() => {
    if (npmAncestors() !== npm) child.kill('SIGTERM');
  }, PARENT_CHECK_MS).unref();
}

/** Our parent, and the one above it where npm put a shell between us (as far as Linux tells). */
function npmAncestors() {
  const parent = process.ppid;
  try {
    const status = readFileSync(`/proc/${parent}/status`, 'utf8');
    const isShell = /^Name:\t(?:sh|dash|bash)$/m.test(status);
    return isShell ? `${parent} ${/^PPid:\t(\d+)$/m.exec(status)?.[1]}` : `${parent}`;
  } catch {
    return `${parent}`;
  }
}
