import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  /** What it has printed so far: for whoever looks into a failure, never for assertions. */
  log(): string;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Kills what is on its list when its input ends, that is when the process that wrote the list is gone. */
const WATCHER = `pids=
while read -r sign pid; do
  if [ "$sign" = + ]; then pids="$pids $pid"; else
    left=
    for one in $pids; do [ "$one" = "$pid" ] || left="$left $one"; done
    pids=$left
  fi
done
[ -z "$pids" ] || kill -9 $pids 2>/dev/null`;

let watcher: ChildProcess | null = null;

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
  watch('+', pid);
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      watch('-', pid);
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
  watch('+', child.pid ?? 0);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  watch('-', child.pid ?? 0);
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

function watch(sign: '+' | '-', pid: number): void {
  if (watcher === null) {
    watcher = spawn('sh', ['-c', WATCHER], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    watcher.unref();
    const { stdin } = watcher;
    stdin?.on('error', () => undefined);
    (stdin as { unref?: () => void } | null)?.unref?.();
  }
  watcher.stdin?.write(`${sign} ${pid}\n`);
}
