import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAtWork } from '@muster/testing/process-state';
import { expect, onTestFinished, test, vi } from 'vitest';

const READER = fileURLToPath(new URL('reading-inventory.fixture.ts', import.meta.url));

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a tctl that hangs does not outlive a worker that was ended by %s, nor does what it started',
  async (signal) => {
    const folder = await mkdtemp(join(tmpdir(), 'muster-tctl-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const tctl = join(folder, 'tctl');
    await writeFile(tctl, `#!/bin/sh\nsleep 600 &\necho $! $$ >${folder}/pids\nsleep 600\n`);
    await chmod(tctl, 0o755);
    const reader = spawn(process.execPath, [READER, tctl], { stdio: 'ignore' });
    const pids = await vi.waitFor(
      async () => {
        const [child = '', self = ''] = (await readFile(join(folder, 'pids'), 'utf8')).trim().split(' ');
        expect(self).not.toBe('');
        return [Number(child), Number(self)];
      },
      { timeout: 10_000 },
    );
    expect(pids.map(isAtWork)).toEqual([true, true]);

    reader.kill(signal);
    await once(reader, 'exit');

    await vi.waitFor(() => {
      expect(pids.map(isAtWork)).toEqual([false, false]);
    });
  },
);
