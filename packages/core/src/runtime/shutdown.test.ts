import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { Logger } from './logger-port.ts';
import { createClock } from './clock.ts';
import { createShutdown } from './shutdown.ts';

const clock = createClock();
const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Stopping {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  /** Resolves once the output contains `text`. */
  readonly said: (text: string) => Promise<void>;
}

function start(manner: string): Stopping {
  const script = fileURLToPath(new URL('./stopping.fixture.ts', import.meta.url));
  const child = spawn(process.execPath, [script, manner], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const said = async (text: string): Promise<void> => {
    while (!output.includes(text)) await once(child.stdout, 'data');
  };
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => output, ended, said };
}

test('on SIGTERM the steps are stopped in order, and the process ends with 0', async () => {
  const { child, ended, said, output } = start('well');
  await said('up');

  child.kill('SIGTERM');

  expect(await ended).toBe(0);
  expect(output()).toMatch(/worker true\n[\s\S]*redis\n/);
  expect(output()).toContain('"reason":"SIGTERM"');
});

test('a second signal changes nothing', async () => {
  const { child, ended, said, output } = start('well');
  await said('up');

  child.kill('SIGINT');
  await said('worker');
  child.kill('SIGINT');
  child.kill('SIGTERM');

  expect(await ended).toBe(0);
  expect(output().match(/^redis$/gm)).toHaveLength(1);
});

test('a step that hangs is given up at the deadline, with 1', async () => {
  const { child, ended, said } = start('hang');
  await said('up');
  const startedAtMs = clock.now();

  child.kill('SIGTERM');

  expect(await ended).toBe(1);
  expect(clock.now() - startedAtMs).toBeLessThan(5_000);
});

test('a step that fails does not keep the others from stopping, and ends with 1', async () => {
  const { child, ended, said, output } = start('fail');
  await said('up');

  child.kill('SIGTERM');

  expect(await ended).toBe(1);
  expect(output()).toMatch(/^redis$/m);
  expect(output()).toContain('cannot stop');
});

test.each([
  ['throw', 'uncaught exception'],
  ['reject', 'unhandled rejection'],
])(
  'an error that no code caught (%s) is logged, redacted, and ends the process with 1',
  async (manner, message) => {
    const { ended, output } = start(manner);

    expect(await ended).toBe(1);
    expect(output()).toContain(message);
    expect(output()).not.toContain('IOSFODNN7EXAMPLE');
  },
);

test('stopping twice stops once and gives the same code', async () => {
  let stops = 0;
  const shutdown = createShutdown({
    log,
    clock,
    deadlineMs: 1_000,
    steps: [
      {
        name: 'only',
        stop: async () => {
          stops += 1;
        },
      },
    ],
  });

  expect(await Promise.all([shutdown.stop('a'), shutdown.stop('b')])).toEqual([0, 0]);
  expect(stops).toBe(1);
});
