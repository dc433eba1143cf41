import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { watchOrphans } from '@muster/core/runtime/orphan-watch';

export interface ManagedProcess {
  readonly name: string;
  readonly args: readonly string[];
}

/** How long a stopped process may take before it is killed. */
const STOP_MS = 25_000;
/** Pause before a process that died is started again. */
const RESTART_MS = 1_000;

/**
 * The demo's supervisor: starts the processes, starts one again that died (so that killing a worker by hand shows how
 * the others go on), and stops them all. Their logs go to one file.
 */
export class ProcessGroup {
  readonly #entry: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: WriteStream;
  readonly #running = new Map<string, ChildProcess>();
  readonly #orphans = watchOrphans();
  #stopping = false;
  #stopped: Promise<void> | null = null;

  constructor(options: {
    readonly entry: string;
    readonly env: NodeJS.ProcessEnv;
    readonly logFile: string;
  }) {
    this.#entry = options.entry;
    this.#env = options.env;
    this.#log = createWriteStream(options.logFile, { flags: 'a' });
  }

  start(process: ManagedProcess): void {
    const child = spawn(globalThis.process.execPath, [this.#entry, ...process.args], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C reaches the demo first, which then stops them in order.
      detached: true,
    });
    this.#running.set(process.name, child);
    const { pid } = child;
    if (pid !== undefined) this.#orphans.add(pid);
    child.stdout.on('data', (data: Buffer) => this.#log.write(data));
    child.stderr.on('data', (data: Buffer) => this.#log.write(data));
    child.once('exit', () => {
      if (pid !== undefined) this.#orphans.remove(pid);
      this.#running.delete(process.name);
      if (this.#stopping) return;
      setTimeout(() => {
        if (!this.#stopping) this.start(process);
      }, RESTART_MS);
    });
  }

  /** Names and process ids, for a user who wants to kill one. */
  pids(): ReadonlyMap<string, number | undefined> {
    return new Map([...this.#running].map(([name, child]) => [name, child.pid]));
  }

  /** Safe to call twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#running.values()].map(stopChild));
    this.#orphans.close();
    const finished = once(this.#log, 'finish');
    this.#log.end();
    await finished;
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timer);
}
