import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const ENTRY = fileURLToPath(new URL('../../bin/muster.js', import.meta.url));

// Each test starts a process: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 30_000 });

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-doctor-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test.each(['missing.json', 'missing.json.sh'])(
  '--missing-roles does not write through a link that was planted as %s, and says so before it checks anything',
  (planted) => {
    writeFileSync(join(folder, 'victim'), 'precious');
    symlinkSync(join(folder, 'victim'), join(folder, planted));
    // Good enough to be read; nothing is asked of AWS or Redis before the refusal.
    writeFileSync(join(folder, 'muster.yaml'), 'version: v3\ndiscovery_service: {enabled: false}\n');

    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      [ENTRY, 'doctor', '--missing-roles', 'missing.json'],
      { cwd: folder, encoding: 'utf8', timeout: 15_000, env: { PATH: process.env['PATH'] } },
    );

    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`--missing-roles: ${planted} is a symbolic link, and is not followed`);
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('precious');
  },
);
