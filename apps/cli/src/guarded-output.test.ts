import { execFile } from 'node:child_process';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { guardOutput, moveOnTerminal } from './guarded-output.ts';

interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly written: () => string;
}

function guarded(): Streams {
  let written = '';
  const stream = (): NodeJS.WriteStream =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        written += chunk.toString('utf8');
        done();
      },
    }) as unknown as NodeJS.WriteStream;
  const streams = { stdout: stream(), stderr: stream(), written: () => written };
  guardOutput(streams);
  return streams;
}

test('whatever is written to either stream is escaped, as text and as bytes', () => {
  const { stdout, stderr, written } = guarded();

  stdout.write('a\u001b[2J\n');
  stderr.write(Buffer.from('b\u202e\n'));
  stdout.write('c\u0007');

  expect(written().split('\n')).toEqual([String.raw`a\u001b[2J`, String.raw`b\u202e`, String.raw`c\u0007`]);
});

test('a character whose bytes come in two pieces is one character', () => {
  const { stdout, written } = guarded();
  const bytes = Buffer.from('é\u202e');

  for (const byte of bytes) stdout.write(Uint8Array.of(byte));

  expect(written()).toBe(String.raw`é\u202e`);
});

test('who waits for the write is told', async () => {
  const { stdout } = guarded();

  await new Promise((resolve) => {
    stdout.write('x', resolve);
  });
  await new Promise((resolve) => {
    stdout.write('x', 'utf8', resolve);
  });

  expect(stdout.writableLength).toBe(0);
});

test('only what is named moves on the terminal', () => {
  const { stderr, written } = guarded();

  moveOnTerminal(stderr, 'erase-line');
  moveOnTerminal(stderr, 'erase-screen');
  moveOnTerminal(stderr, { eraseLinesAbove: 3 });

  expect(written()).toBe('\r\u001b[K\u001b[2J\u001b[H\u001b[3A\u001b[J');
});

test('an error that nothing caught is told escaped, without its fields, and ends the process with 1', async () => {
  const module = fileURLToPath(new URL('guarded-output.ts', import.meta.url));
  const script = `
    const { guardOutput, tellUncaught } = await import(${JSON.stringify(module)});
    guardOutput(process);
    tellUncaught(process);
    void Promise.reject(Object.assign(new Error('bad \\u001b[2J'), { command: { args: ['hunter2'] } }));
    setTimeout(() => {}, 60_000);`;

  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);

  await expect(run).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^muster: Error: bad \\u001b\[2J\n/) as string,
  });
  await expect(run).rejects.not.toMatchObject({ stderr: expect.stringContaining('hunter2') as string });
});
