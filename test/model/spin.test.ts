/** docs/models/sending-once.pml in its smallest world and with one measure off, where spin and a C compiler are installed. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const MODEL = fileURLToPath(new URL('../../docs/models/sending-once.pml', import.meta.url));
const CALM = ['-DCRASHES=0', '-DREFUSALS=0', '-DFLUSHES=0'];
const run = promisify(execFile);

function isInstalled(program: string, flag: string): boolean {
  try {
    execFileSync(program, [flag], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const hasSpin = isInstalled('spin', '-V') && isInstalled('gcc', '--version');

describe.skipIf(!hasSpin)('the Promela model (skipped without spin and gcc)', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-spin-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function verify(defines: readonly string[]): Promise<string> {
    await run('spin', ['-a', ...defines, MODEL], { cwd: folder });
    await run('gcc', ['-O2', '-w', '-DSAFETY', '-DCOLLAPSE', '-o', 'pan', 'pan.c'], { cwd: folder });
    const { stdout } = await run('./pan', ['-m1000000', '-E', '-n'], { cwd: folder });
    return stdout;
  }

  test('never shows two live commands', { timeout: 240_000 }, async () => {
    const said = await verify(CALM);

    expect(said).toMatch(/errors: 0/);
    expect(said).not.toMatch(/max search depth too small|out of memory/);
  });

  test('shows them when a request may leave after notAfter', { timeout: 240_000 }, async () => {
    const said = await verify([...CALM, '-DNO_NOTAFTER']);

    expect(said).toMatch(/assertion violated/);
    expect(said).toMatch(/errors: 1/);
  });
});
