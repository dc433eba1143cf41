import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { JobError, messageOf } from '../domain/errors.ts';
import type { MislabeledNode, TeleportNode } from '../ports/teleport.ts';
import { createArrayElements } from './array-elements.ts';
import { readNode } from './node-schema.ts';

/** How tctl is started: a program and its first arguments, never a shell line. */
export interface TctlCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** Enough of tctl's stderr to say what was wrong. */
const STDERR_CHARS = 2_000;

/** tctl ends with 1 for everything; only its words tell a refusal (gravitational/trace's AccessDenied; Go's x509 for an expired identity). */
const DENIED = /access denied|certificate has expired|certificate expired/i;

/**
 * Runs `tctl get nodes --format=json` and yields our nodes while it writes, holding one node in memory. Ends without throwing
 * only when the whole array was read and tctl ended with 0; a reader that stops early ends tctl.
 */
export async function* listNodesByTctl(
  tctl: TctlCommand,
  signal: AbortSignal,
  onMislabeled?: (node: MislabeledNode) => void,
): AsyncGenerator<TeleportNode, void, undefined> {
  signal.throwIfAborted();
  const child = spawn(tctl.command, [...tctl.args, 'get', 'nodes', '--format=json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: false,
  });
  const { ended, stderr, stop } = follow(child);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const elements = createArrayElements();
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      for (const text of elements.push(chunk)) {
        const { node, mislabeled } = readNode(text);
        if (mislabeled !== null) onMislabeled?.(mislabeled);
        if (node !== null) yield node;
      }
    }
    await requireSuccess(ended, stderr);
    elements.end();
  } catch (error) {
    throw troubleWith(error, signal);
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/**
 * Runs one command of tctl's to its end, with `input` as its standard input. Throws as `listNodesByTctl` does.
 *
 * @returns what it printed, which is to be little
 */
export async function runTctl(
  tctl: TctlCommand,
  args: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(tctl.command, [...tctl.args, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    shell: false,
  });
  const { ended, stderr, stop } = follow(child);
  signal.addEventListener('abort', stop, { once: true });
  try {
    // One that ends without reading everything says why with its exit code.
    child.stdin.on('error', () => undefined).end(input);
    const [printed] = await Promise.all([readAll(child.stdout), requireSuccess(ended, stderr)]);
    return printed;
  } catch (error) {
    throw troubleWith(error, signal);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What became of a run of tctl that did not end well; throws the signal's reason when that is why. */
function troubleWith(error: unknown, signal: AbortSignal): JobError {
  signal.throwIfAborted();
  if (error instanceof JobError) return error;
  return new JobError('teleport.unavailable', `reading from tctl failed: ${messageOf(error)}`, {
    retry: 'backoff',
    cause: error,
  });
}

/** What of a started tctl both ways of running it need: its end, what it said of errors, and how to stop it. */
function follow(child: ChildProcess & { readonly stderr: Readable }): {
  /** Also rejects when the program cannot be started at all. */
  readonly ended: Promise<[code: number | null, killedBy: string | null]>;
  readonly stderr: () => string;
  readonly stop: () => void;
} {
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARS);
  });
  const ended = once(child, 'close') as Promise<[code: number | null, killedBy: string | null]>;
  ended.catch(() => undefined);
  return {
    ended,
    stderr: () => stderr,
    stop: () => {
      child.kill('SIGKILL');
      // A grandchild may hold the pipes open.
      child.stdout?.destroy();
      child.stderr.destroy();
    },
  };
}

async function requireSuccess(
  ended: Promise<[code: number | null, killedBy: string | null]>,
  stderr: () => string,
): Promise<void> {
  const [exitCode, killedBy] = await ended.catch((error: unknown) => {
    throw new JobError('teleport.unavailable', `tctl could not be started: ${messageOf(error)}`, {
      retry: 'backoff',
      cause: error,
    });
  });
  if (exitCode === 0) return;
  const words = stderr().trim();
  const how = killedBy === null ? `ended with ${exitCode}` : `was killed by ${killedBy}`;
  throw new JobError(
    DENIED.test(words) ? 'teleport.denied' : 'teleport.unavailable',
    `tctl ${how}: ${words}`,
    {
      retry: 'backoff',
      details: { exitCode, killedBy },
    },
  );
}
