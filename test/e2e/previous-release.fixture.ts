/**
 * A second checkout: the release before this one, as its commit has it. It lies under `.muster/`, with packages of its own, and
 * stays there for the next run.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import previous from './previous-release.json' with { type: 'json' };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, '.muster/previous-release');
const ENTRY = 'apps/cli/bin/muster.js';
/** To try an older one by hand: any commit of this repository. */
const COMMIT = process.env['MUSTER_TEST_PREVIOUS'] ?? previous.commit;

/** Why tests beside the previous release are skipped; null when its commit is in this clone. */
export const NO_PREVIOUS_RELEASE: string | null = hasCommit()
  ? null
  : `commit ${COMMIT}, ${previous.release}, is not in this clone (git fetch --unshallow)`;

/**
 * Brings the previous release and its packages: some seconds, once. What pnpm's store has is not fetched again.
 *
 * @returns its `muster` command
 */
export function bringPreviousRelease(): string {
  const place = join(FOLDER, COMMIT);
  if (existsSync(place)) return join(place, ENTRY);
  mkdirSync(FOLDER, { recursive: true });
  const fresh = mkdtempSync(join(FOLDER, 'new-'));
  try {
    const files = execFileSync('git', ['-C', ROOT, 'archive', COMMIT], { maxBuffer: 1e9 });
    execFileSync('tar', ['-x', '-C', fresh], { input: files });
    const pnpm = join(ROOT, 'node_modules/.bin/pnpm');
    const options = ['--prefer-offline', '--frozen-lockfile', '--prod', '--ignore-scripts', '--silent'];
    const installed = spawnSync(pnpm, ['install', ...options, '--filter', '@muster/cli...'], {
      cwd: fresh,
      encoding: 'utf8',
      env: { ...process.env, CI: '1' },
    });
    if (installed.status !== 0) {
      throw new Error(`pnpm install failed: ${installed.stdout}${installed.stderr}`);
    }
    // Whole or not at all: another run may look at the same moment.
    if (!existsSync(place)) renameSync(fresh, place);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return join(place, ENTRY);
}

function hasCommit(): boolean {
  return spawnSync('git', ['-C', ROOT, 'cat-file', '-e', `${COMMIT}^{commit}`]).status === 0;
}
