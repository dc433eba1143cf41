/** docs/backup.md, its commands as they stand: what root puts back is a ledger that Redis can run on as its own user. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findRedisBinary, freePort, type RedisServer, startRedis } from '@muster/testing/redis-server';
import { expect, onTestFinished, test } from 'vitest';
import { blocksOf } from '../repo/guide-blocks.ts';

const PAGE = readFileSync(new URL('../../docs/backup.md', import.meta.url), 'utf8');
const BLOCKS = blocksOf(PAGE)
  .filter(({ language }) => language === 'sh')
  .map(({ text }) => text);

const BINARY = findRedisBinary() ?? '';
const PASSWORD = 'of-the-administrator';

function idOf(option: '-u' | '-g'): number | null {
  const { status, stdout } = spawnSync('id', [option, 'redis'], { encoding: 'utf8' });
  return status === 0 ? Number(stdout) : null;
}

/** The user that Redis has where a package installed it; null where this process cannot become it. */
const USER = process.getuid?.() === 0 ? idOf('-u') : null;

/** The block of the page that holds these words. */
function blockWith(words: string): string {
  const found = BLOCKS.find((text) => text.includes(words));
  if (found === undefined) throw new Error(`docs/backup.md has no block with ${words}`);
  return found;
}

/** A folder that every user may enter. */
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'muster-restore-'));
  chmodSync(made, 0o755);
  onTestFinished(() => {
    rmSync(made, { recursive: true });
  });
  return made;
}

/** Runs lines of the page as the operator does. */
function run(lines: string, cwd: string): void {
  const { status, stderr } = spawnSync('sh', ['-euc', lines], {
    cwd,
    encoding: 'utf8',
    timeout: 30_000,
    env: { PATH: `${dirname(BINARY)}:${process.env['PATH'] ?? ''}`, REDISCLI_AUTH: PASSWORD },
  });
  if (status !== 0) throw new Error(`${lines}\nended with ${String(status)}: ${stderr}`);
}

function ask(server: RedisServer, ...words: readonly string[]): string {
  const { stdout } = spawnSync('redis-cli', ['-p', String(server.port), ...words], {
    encoding: 'utf8',
    env: { ...process.env, REDISCLI_AUTH: PASSWORD },
  });
  return stdout.trim();
}

test.skipIf(!BINARY.endsWith('redis-server'))(
  `a snapshot is put back by ${USER === null ? 'the user of Redis (not root, or no user redis: one user alone)' : 'root, for the user redis'}`,
  { timeout: 60_000 },
  async () => {
    const here = folder();
    const dir = join(here, 'data');
    mkdirSync(dir);
    const starter = join(here, 'redis-of-the-service');
    const become = USER === null ? '' : `setpriv --reuid=redis --regid=redis --clear-groups `;
    writeFileSync(starter, `#!/bin/sh\nexec ${become}${BINARY} "$@"\n`, { mode: 0o755 });
    if (USER !== null) chownSync(dir, USER, idOf('-g') ?? USER);
    const start = (): Promise<RedisServer> => startRedis({ dir, password: PASSWORD, binary: starter });

    const before = await start();
    onTestFinished(() => before.stop());
    ask(before, 'set', 'before-the-copy', 'yes');
    run(blockWith('-h HOST').replace('HOST -p 6379', `127.0.0.1 -p ${before.port}`), here);
    const [snapshot = ''] = globSync('muster-*.rdb', { cwd: here });
    // Root's alone, as a copy of a ledger is.
    chmodSync(join(here, snapshot), 0o600);
    ask(before, 'set', 'after-the-copy', 'yes');
    await before.stop();

    const port = await freePort();
    onTestFinished(() => {
      spawnSync('redis-cli', ['-p', String(port), 'shutdown', 'nosave']);
    });
    writeFileSync(join(here, 'restore.sh'), blockWith('# restore.sh').replaceAll('6399', String(port)));
    const [line = ''] = blockWith('systemctl stop redis-server')
      .split('\n')
      .filter((one) => one.includes('restore.sh'))
      .map((one) => one.replace('/var/lib/redis', dir).replace(/muster-[\d-]+\.rdb/, snapshot));
    run(USER === null ? line.replace('runuser -u redis -- ', '') : line, here);

    const made = readdirSync(dir, { recursive: true, encoding: 'utf8' });
    expect(made).toContain('appendonlydir');
    const owners = new Set(made.map((name) => statSync(join(dir, name)).uid));
    expect([...owners]).toEqual([USER ?? process.getuid?.()]);
    const after = await start();
    onTestFinished(() => after.stop());
    expect(ask(after, 'mget', 'before-the-copy', 'after-the-copy')).toBe('yes');
    expect(ask(after, 'config', 'get', 'appendonly')).toContain('yes');
  },
);

test('every block of the page is one that sh reads, and the password is set before the first redis-cli', () => {
  expect(BLOCKS.length).toBeGreaterThanOrEqual(8);
  for (const text of BLOCKS) {
    expect(spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' }).stderr).toBe('');
  }
  expect(BLOCKS[0]).toContain('export REDISCLI_AUTH=');
  expect(BLOCKS.join('\n')).not.toContain(':PASSWORD@');
});
