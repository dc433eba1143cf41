import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('fetch-teleport.js', import.meta.url));
let folder: string;
let server: Server;
let url: string;
let sha256: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-teleport-'));
  const release = join(folder, 'teleport');
  mkdirSync(release);
  for (const name of ['tctl', 'tbot', 'teleport']) writeFileSync(join(release, name), `the program ${name}`);
  execFileSync('tar', ['-czf', join(folder, 'release.tar.gz'), '-C', folder, 'teleport']);
  const archive = readFileSync(join(folder, 'release.tar.gz'));
  sha256 = createHash('sha256').update(archive).digest('hex');
  server = createServer((_request, response) => response.end(archive)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/release.tar.gz`;
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function fetchTeleport(...args: readonly string[]) {
  return new Promise<{
    readonly failed: boolean;
    readonly stderr: string;
    readonly files: readonly string[];
  }>((resolve) => {
    execFile(process.execPath, [PROGRAM, join(folder, 'out'), ...args], (error, _stdout, stderr) => {
      resolve({ failed: error !== null, stderr, files: readdirSync(join(folder, 'out')).toSorted() });
    });
  });
}

test('takes tctl and tbot, and nothing else, out of an archive with the hash', async () => {
  expect(await fetchTeleport('18.5.1', sha256, url)).toEqual({
    failed: false,
    stderr: '',
    files: ['tbot', 'tctl'],
  });
  expect(readFileSync(join(folder, 'out/tctl'), 'utf8')).toBe('the program tctl');
});

test('uses nothing of an archive with another hash', async () => {
  const { failed, stderr, files } = await fetchTeleport('18.5.1', 'a'.repeat(64), url);

  expect({ failed, files }).toEqual({ failed: true, files: [] });
  expect(stderr).toContain(`has the SHA-256 ${sha256}, not TELEPORT_SHA256`);
});

test('refuses a release without a hash, and asks for nothing where no release is named', async () => {
  expect(await fetchTeleport('18.5.1', '', url)).toMatchObject({ failed: true, files: [] });
  expect(await fetchTeleport('', '', '')).toEqual({ failed: false, stderr: '', files: [] });
});
