import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const MODULE = fileURLToPath(new URL('redis.js', import.meta.url));
/** A machine with a package manager and without a Redis. */
const folder = mkdtempSync(join(tmpdir(), 'muster-no-redis-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
symlinkSync('/bin/sh', join(folder, 'sh'));
writeFileSync(join(folder, 'apt-get'), '#!/bin/sh\necho "ran apt-get $*"\n');
chmodSync(join(folder, 'apt-get'), 0o755);

function ensureRedis(env: Readonly<Record<string, string>>): Promise<string> {
  const script = `const { ensureRedis } = await import(${JSON.stringify(MODULE)}); await ensureRedis();`;
  const args = ['--input-type=module', '-e', script];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: { PATH: folder, ...env } }, (_error, stdout, stderr) => {
      resolve(`${stdout}${stderr}`);
    });
  });
}

// Others are never asked: only root can install.
test.runIf(process.getuid?.() === 0)(
  'root is told what will be run, and how to refuse, before it is',
  async () => {
    const said = (await ensureRedis({})).split('\n');
    const first = said.findIndex((line) => line.startsWith('ran apt-get'));

    expect(said.slice(0, first).join('\n')).toMatch(
      / {2}apt-get update -qq\n.* {2}apt-get install .*redis-server\n.*MUSTER_NO_APT=1/,
    );
    expect(said.filter((line) => line.startsWith('ran apt-get'))).toHaveLength(2);
  },
);

test('who refuses is obeyed, and told what to run', async () => {
  const said = await ensureRedis({ MUSTER_NO_APT: '1' });

  expect(said).not.toContain('ran apt-get');
  expect(said).toContain('sudo apt-get install');
});
