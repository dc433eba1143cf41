import { execFile } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MODULE = fileURLToPath(new URL('console.js', import.meta.url));
const BUILT = fileURLToPath(new URL('../../apps/console/dist', import.meta.url));

/** As a start does it, in a process of its own: it ends with what it said. */
function buildConsole(): Promise<{ readonly code: number; readonly said: string }> {
  const script = `const { buildConsole } = await import(${JSON.stringify(MODULE)}); await buildConsole();`;
  return new Promise((resolve) => {
    const args = ['--input-type=module', '-e', script];
    execFile(process.execPath, args, (error, _stdout, said) => {
      resolve({ code: error === null ? 0 : 1, said });
    });
  });
}

test('the page is built when it is not that of the sources, by one of two starts at once or by both, and else left alone', async () => {
  await buildConsole();
  const stamp = readFileSync(`${BUILT}/.built-from`, 'utf8');
  writeFileSync(`${BUILT}/.built-from`, 'other sources');

  const both = await Promise.all([buildConsole(), buildConsole()]);

  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(both[0].said).toContain('building the console');
  expect(readFileSync(`${BUILT}/.built-from`, 'utf8')).toBe(stamp);
  expect(readFileSync(`${BUILT}/index.html`, 'utf8')).toContain('/assets/');

  const builtAtMs = statSync(`${BUILT}/index.html`).mtimeMs;
  expect(await buildConsole()).toEqual({ code: 0, said: '' });
  expect(statSync(`${BUILT}/index.html`).mtimeMs).toBe(builtAtMs);
});
