import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OrphanWatch, watchOrphans } from '@muster/core/runtime/orphan-watch';

/** The `muster` command of this checkout. */
export const MUSTER_ENTRY = fileURLToPath(new URL('../../../apps/cli/bin/muster.js', import.meta.url));

/** How a process came to its end. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One Muster process under a test's hands. */
export interface SupervisedProcess {
  readonly name: string;
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  isRunning(): boolean;
  /** SIGKILL for a crash, SIGSTOP and SIGCONT for a freeze, SIGTERM for a farewell. False when it is gone already. */
  signal(signal: NodeJS.Signals): boolean;
  /** What it has printed so far: for a developer who looks into a failure, never for assertions. */
  log(): string;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let orphans: OrphanWatch | null = null;

function watch(): OrphanWatch {
  orphans ??= watchOrphans();
  return orphans;
}

/** Starts a process whose output goes to a file. It never outlives the process that started it. */
export function superviseProcess(options: {
  readonly name: string;
  readonly entry?: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}): SupervisedProcess {
  const output = openSync(options.logFile, 'a');
  const child = spawn(process.execPath, [options.entry ?? MUSTER_ENTRY, ...options.args], {
    env: options.env,
    stdio: ['ignore', output, output],
    // A group of its own: Ctrl-C in a terminal reaches the test, which ends it in order.
    detached: true,
  });
  closeSync(output);
  const pid = child.pid ?? 0;
  watch().add(pid);
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      watch().remove(pid);
      resolve({ code, signal });
    });
    child.once('error', () => {
      resolve({ code: null, signal: null });
    });
  });
  child.unref();
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    name: options.name,
    pid,
    ended,
    isRunning,
    signal: (signal) => isRunning() && child.kill(signal),
    log: () => readFileSync(options.logFile, 'utf8'),
  };
}

/** Whether a process of this id is there, whosever it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program with this Node to its end. `timeoutMs` kills it. */
export async function runProgram(
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly cwd?: string; readonly timeoutMs?: number },
): Promise<CommandResult> {
  const child = spawn(process.execPath, args, {
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  watch().add(child.pid ?? 0);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  watch().remove(child.pid ?? 0);
  return { code, stdout, stderr };
}

/** The environment that every process of a test shares: nothing of the machine's own configuration gets in. */
export function baseEnvironment(): NodeJS.ProcessEnv {
  return {
    // The simulated tctl looks for `node`.
    PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    HOME: process.env['HOME'],
    TMPDIR: process.env['TMPDIR'],
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
  };
}
