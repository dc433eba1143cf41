import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { findRedisBinary, startRedis } from './redis-server.ts';
import { isAlive } from './supervised-process.ts';

const MODULE = fileURLToPath(new URL('redis-server.ts', import.meta.url));

/** Sends one inline command and returns the first answer. */
function command(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${line}\r\n`));
    socket.setEncoding('utf8').once('data', (answer: string) => {
      socket.destroy();
      resolve(answer.trim());
    });
    socket.once('error', reject);
  });
}

describe.skipIf(findRedisBinary() === null)('a throwaway Redis', () => {
  it('answers, never evicts, and takes its folder along when it stops', async () => {
    const redis = await startRedis();

    const answers = [
      await command(redis.port, 'PING'),
      await command(redis.port, 'CONFIG GET maxmemory-policy'),
    ];
    const existed = existsSync(redis.dir);
    await redis.stop();

    expect(answers[0]).toBe('+PONG');
    expect(answers[1]).toContain('noeviction');
    expect([existed, existsSync(redis.dir), isAlive(redis.pid)]).toEqual([true, false, false]);
  });

  it('keeps its data over a kill and a start in the same folder', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'muster-redis-test-'));
    const first = await startRedis({ dir });
    await command(first.port, 'CONFIG SET appendfsync always');
    await command(first.port, 'SET key kept');

    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    const second = await startRedis({ dir, port: first.port });
    const value = await command(second.port, 'GET key');
    await second.stop();
    await rm(dir, { recursive: true });

    expect(value).toContain('kept');
  });

  it('says why when it does not come up', async () => {
    const redis = await startRedis({ appendonly: false });

    await expect(startRedis({ port: redis.port })).rejects.toThrow(/did not start.*already in use/is);
    await expect(startRedis({ binary: '/nonexistent/redis-server' })).rejects.toThrow('ENOENT');
    await redis.stop();
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'dies with the process that started it, ended by %s',
    async (signal) => {
      const script = `import { startRedis } from ${JSON.stringify(MODULE)};
      const redis = await startRedis();
      console.log(JSON.stringify(redis));
      setInterval(() => undefined, 1_000);`;
      const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
      const { pid, dir } = JSON.parse(line) as { pid: number; dir: string };

      parent.kill(signal);

      await vi.waitFor(() => expect([isAlive(pid), existsSync(dir)]).toEqual([false, false]), 5_000);
    },
  );

  it('does not keep a process alive that has nothing else to do', async () => {
    const script = `import { startRedis } from ${JSON.stringify(MODULE)}; await startRedis();`;

    const [code] = await once(spawn(process.execPath, ['--input-type=module', '-e', script]), 'exit');

    expect(code).toBe(0);
  });
});

describe('the search for a binary', () => {
  it('finds nothing on an empty path', () => {
    expect(findRedisBinary('')).toBeNull();
    expect(findRedisBinary('/nonexistent')).toBeNull();
  });
});
