/** Users, API tokens and sign-in links by the command line, on a real Redis. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseUsers } from '@muster/core/control/access/users-file';
import { isPasswordOf } from '@muster/core/runtime/password-hash';
import { MUSTER_ENTRY } from '@muster/testing/supervised-process';
import { startTestRedis, type TestRedis } from '@muster/testing/test-redis';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);

let redis: TestRedis;
let folder: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  redis = await startTestRedis();
  folder = mkdtempSync(join(tmpdir(), 'muster-access-'));
  const config = join(folder, 'muster.yaml');
  const console = { listen: '0.0.0.0:8080', users_file: 'users' };
  const muster = { console, redis: { ...redis.tlsFiles } };
  writeFileSync(config, JSON.stringify({ version: 'v3', discovery_service: { enabled: false }, muster }));
  env = { PATH: process.env['PATH'], USER: 'ann', REDIS_URL: redis.url, MUSTER_CONFIG: config };
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await redis.stop();
});

function muster(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return run(process.execPath, [MUSTER_ENTRY, ...args], { env });
}

async function withInput(input: string, ...args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [MUSTER_ENTRY, ...args], {
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  return code;
}

test('a user is added, changed and removed in the file, by a password from standard input', {
  timeout: 60_000,
}, async () => {
  const file = join(folder, 'users');
  const users = () => {
    const reading = parseUsers(readFileSync(file, 'utf8'));
    return reading.ok ? reading.users : [];
  };
  expect(await withInput('correct horse battery\n', 'user', 'add', 'ann', '--role', 'operator')).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(users().map(({ name, role }) => [name, role])).toEqual([['ann', 'operator']]);
  expect(await isPasswordOf(users()[0]?.hash ?? '', 'correct horse battery')).toBe(true);

  expect(await withInput('short\n', 'user', 'add', 'ann', '--role', 'admin')).toBe(64);
  expect(await withInput('correct horse battery\n', 'user', 'add', 'a:b', '--role', 'admin')).toBe(64);
  expect(await withInput('another long password\n', 'user', 'add', 'ann', '--role', 'viewer')).toBe(0);
  expect(users().map(({ role }) => role)).toEqual(['viewer']);
  await muster('user', 'remove', 'ann');
  expect(users()).toEqual([]);
  await expect(muster('user', 'remove', 'ann')).rejects.toMatchObject({ code: 1 });
});

test('a token is printed once, listed without its secret, and revoked', { timeout: 60_000 }, async () => {
  const { stdout } = await muster('api-token', 'create', 'ci', '--role', 'operator', '--expires', '12h');
  expect(stdout).toMatch(/^muster_[\w-]{43}\n$/);

  const list = await muster('api-token', 'list', '--json');
  expect(JSON.parse(list.stdout)).toMatchObject({
    name: 'ci',
    role: 'operator',
    scope: 'all',
    usedAt: null,
    by: 'ann',
  });
  expect(list.stdout).not.toContain(stdout.trim());
  await expect(muster('api-token', 'create', 'ci')).rejects.toMatchObject({ code: 64 });
  await expect(muster('api-token', 'create', 'x', '--expires', '2y')).rejects.toMatchObject({ code: 64 });
  await expect(muster('api-token', 'create', 'x', '--scope', 'account:111122223333')).rejects.toMatchObject({
    code: 64,
  });
  await muster('api-token', 'revoke', 'ci');
  await expect(muster('api-token', 'revoke', 'ci')).rejects.toMatchObject({ code: 1 });
});

test('a sign-in link is all of standard output, and the audit tells of all of it', {
  timeout: 60_000,
}, async () => {
  const { stdout } = await muster('console', 'login', '--role', 'viewer');
  expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:8080\/auth\/link\/[\w-]{43}\n$/);

  const audit = await muster('audit', '--json');
  const entries = audit.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { act: string; by: { name: string } });
  expect(new Set(entries.map(({ act }) => act))).toEqual(new Set(['sign-in', 'token', 'user']));
  expect(entries.every(({ by }) => by.name === 'ann')).toBe(true);
  expect(audit.stdout).not.toContain(stdout.trim().split('/').at(-1));
});
