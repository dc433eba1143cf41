import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { JobError, messageOf } from '../runtime/errors.ts';
import { type OrphanWatch, watchOrphans } from '../runtime/orphan-watch.ts';
import { plainLines } from './plain-output.ts';

/** How tctl is started: a program and its first arguments, never a shell line. */
export interface TctlCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** How long one run may take. Real time: a simulation's tctl is a real program. */
  readonly timeoutMs: number;
}

/** A started tctl. The function that starts one closes it, in any case. */
interface TctlRun {
  /** What it prints, as it prints it. Ends early, without an error, when tctl is stopped: `succeed` then says why. */
  output(): AsyncGenerator<Buffer, void, undefined>;
  /**
   * Waits for its end, for a few seconds when its output has ended already. Throws `teleport.denied` or
   * `teleport.unavailable` unless it ended with 0, and the signal's reason when that is what stopped it.
   */
  succeed(): Promise<void>;
  /** Ends it with everything it started. Safe to call again, and after its end. */
  close(): void;
}

/** Enough of tctl's stderr to say what was wrong. */
const STDERR_CHARS = 2_000;
/** A program that has closed its output has nothing left to do. */
const END_AFTER_OUTPUT_MS = 5_000;

/** tctl ends with 1 for everything; only its words tell a refusal (gravitational/trace's AccessDenied; Go's x509 for an expired identity). */
const DENIED = /access denied|certificate has expired|certificate expired/i;

let orphans: OrphanWatch | null = null;

/**
 * Becomes tctl when a line comes on descriptor 3, and ends when none can come any more: a process that is killed after it
 * has started this one and before the watcher knows of it leaves nothing behind.
 */
const WHEN_WATCHED = 'read -r go <&3 || exit 1; exec "$@" 3<&-';
/** The shell's own codes for a program that is not there, or is none. */
const NOT_STARTED: ReadonlySet<number | null> = new Set([126, 127]);

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts one command of tctl's with `input` as its standard input: the only place that does, so that every run has the
 * same environment, the same limit, and a process group of its own. The group is killed at the limit, by the signal, when
 * tctl has ended and left something behind, and, should this process be killed itself, by the watcher that outlives it.
 */
export function startTctl(
  tctl: TctlCommand,
  args: readonly string[],
  input: string,
  signal: AbortSignal,
): TctlRun {
  signal.throwIfAborted();
  // No argument becomes part of a shell line: the shell hands them on as they are.
  const child = spawn('sh', ['-c', WHEN_WATCHED, 'sh', tctl.command, ...tctl.args, ...args], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
    env: tctlEnvironment(process.env),
  }) as unknown as Child;
  const end = followEnd(child);
  const limit = AbortSignal.timeout(tctl.timeoutMs);
  let printedBytes = 0;
  let isStuck = false;
  let isClosed = false;
  const stop = (): void => {
    // After its end the group was killed once, and its id may be another's by now.
    if (!end.hasEnded()) killGroup(child);
    // What has left the group may hold the pipes open.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  };
  signal.addEventListener('abort', stop, { once: true });
  limit.addEventListener('abort', stop, { once: true });
  // One that ends without reading everything says why with its exit code.
  child.stdin.on('error', () => undefined).end(input);

  /** Why it was stopped; null when it ended by itself. */
  function stopReason(): string | null {
    if (limit.aborted) return `did not end within ${seconds(tctl.timeoutMs)} s`;
    return isStuck ? `closed its output and had not ended ${seconds(END_AFTER_OUTPUT_MS)} s later` : null;
  }

  return {
    async *output() {
      try {
        for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
          printedBytes += chunk.length;
          yield chunk;
        }
      } catch (error) {
        // A stream that was destroyed under its reader is how a stop shows itself.
        if (!signal.aborted && stopReason() === null) throw unavailable(`reading from tctl failed`, error);
      }
    },
    async succeed() {
      const stuck = AbortSignal.timeout(END_AFTER_OUTPUT_MS);
      const stopStuck = (): void => {
        if (!child.stdout.readableEnded || end.hasEnded()) return;
        isStuck = true;
        stop();
      };
      stuck.addEventListener('abort', stopStuck, { once: true });
      try {
        const [exitCode, killedBy] = await end.ended;
        signal.throwIfAborted();
        const reason = stopReason();
        if (reason !== null) {
          const printed = printedBytes === 0 ? 'nothing' : `${printedBytes} bytes`;
          throw unavailable(`tctl ${reason} and was stopped; it had printed ${printed}`, null);
        }
        if (exitCode !== 0) throw failure(exitCode, killedBy, end.stderr());
      } finally {
        stuck.removeEventListener('abort', stopStuck);
      }
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      signal.removeEventListener('abort', stop);
      limit.removeEventListener('abort', stop);
      stop();
    },
  };
}

interface ChildEnd {
  /** Its exit code or the signal that ended it. Rejects when the program cannot be started at all. */
  readonly ended: Promise<[exitCode: number | null, killedBy: string | null]>;
  hasEnded(): boolean;
  stderr(): string;
}

function followEnd(child: Child): ChildEnd {
  let stderr = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_CHARS);
    })
    .on('error', () => undefined);
  const { pid } = child;
  if (pid !== undefined) {
    orphans ??= watchOrphans();
    orphans.addGroup(pid);
    const go = child.stdio[3] as Writable;
    go.on('error', () => undefined).end('go\n');
    child.once('exit', () => {
      killGroup(child);
      orphans?.removeGroup(pid);
    });
  }
  const ended = once(child, 'close').catch((error: unknown) => {
    throw unavailable('tctl could not be started', error);
  }) as Promise<[exitCode: number | null, killedBy: string | null]>;
  ended.catch(() => undefined);
  return {
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    stderr: () => plainLines(stderr),
  };
}

/** Its group has the id of the child that leads it; a group that is gone is what was wanted. */
function killGroup({ pid }: Child): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // None of it is left, or all of it is dying already.
  }
}

function failure(exitCode: number | null, killedBy: string | null, words: string): JobError {
  if (NOT_STARTED.has(exitCode)) return unavailable(`tctl could not be started: ${words}`, null);
  const how = killedBy === null ? `ended with ${exitCode}` : `was killed by ${killedBy}`;
  return new JobError(
    DENIED.test(words) ? 'teleport.denied' : 'teleport.unavailable',
    `tctl ${how}: ${words}`,
    { retry: 'backoff', details: { exitCode, killedBy } },
  );
}

function unavailable(what: string, cause: unknown): JobError {
  return new JobError('teleport.unavailable', cause === null ? what : `${what}: ${messageOf(cause)}`, {
    retry: 'backoff',
    cause,
  });
}

function seconds(ms: number): number {
  return Math.round(ms / 1_000);
}

/** What any program needs of its surroundings to find files, speak a language and reach a server. */
const PASSED_ON: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'LANG',
  'LANGUAGE',
  'TZ',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
]);

/** Teleport's own variables, such as TELEPORT_HOME and TELEPORT_PROXY. */
const OF_TELEPORT = /^TELEPORT_/;
/** Those among them that carry a secret of an agent or of a bot: tctl shows who it is by an identity file. */
const SECRET = /TOKEN|SECRET|PASSWORD|PASSPHRASE|KEY/;

/**
 * The environment in which tctl runs: a few variables of the process's own, by name. Muster's credentials for AWS, the
 * address of Redis with its password, and whatever else the process was started with stay outside, because tctl may be
 * replaced by any process that can write its file, and what it starts inherits all of it.
 *
 * tctl is told not to update itself: it would run a program that no operator installed, and print its progress before the JSON.
 */
export function tctlEnvironment(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && isPassedOn(entry[0]),
  );
  return { ...Object.fromEntries(passed), TELEPORT_TOOLS_VERSION: 'off' };
}

function isPassedOn(name: string): boolean {
  // curl's spelling of the proxies is lower case.
  const upper = name.toUpperCase();
  if (OF_TELEPORT.test(upper)) return !SECRET.test(upper);
  return PASSED_ON.has(upper) || upper.startsWith('LC_');
}
