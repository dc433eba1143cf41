/**
 * A throwaway Redis for the demo, the benchmarks and the tests.
 *
 * It must never outlive the process that started it, however that one ends. A small shell holds the reading end of a
 * pipe: when our process is gone, even by SIGKILL, the pipe closes, and the shell kills the server and removes its
 * folder. Both run in process groups of their own, so that Ctrl-C in a terminal reaches us first and we can still talk
 * to Redis while we shut down.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** How the server starts. */
export interface RedisServerOptions {
  /** Absent: a free port is found, and another when that one was taken meanwhile. */
  readonly port?: number;
  /** Asked of every client (`requirepass`), and part of the URL; null asks nothing. @default null */
  readonly password?: string | null;
  /** More settings, such as `cluster-enabled`; several words where a setting takes them. */
  readonly settings?: Readonly<Record<string, string | readonly string[]>>;
  /** No file of it can grow beyond this: what is written then fails, as on a full disk. Whole KB. */
  readonly largestFileBytes?: number;
  /** Append-only file with `everysec`, as in production. @default true */
  readonly appendonly?: boolean;
  /** Where its data lives and stays. Absent: a temporary folder that goes with the server. */
  readonly dir?: string;
  /** @default `redis-server` or `valkey-server`, whichever is first on the PATH */
  readonly binary?: string;
}

/** A running server. */
export interface RedisServer {
  /** `redis://127.0.0.1:port`, with the password when there is one. */
  readonly url: string;
  readonly port: number;
  /** For tests that kill it. */
  readonly pid: number;
  readonly dir: string;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends it and waits until it is gone. Safe to call twice, and after a kill. */
  stop(): Promise<void>;
}

const READY = 'Ready to accept connections';
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const FREE_PORT_TRIES = 5;
const LOG_LINES_KEPT = 20;

/** Reads the pid, waits for the end of its input, then cleans up. `$1` is the folder to remove, or empty. */
const WATCHER = `read -r pid || exit 0
while read -r line; do :; done
kill -9 "$pid" 2>/dev/null
if [ -n "$1" ]; then rm -rf -- "$1"; fi`;

/** Starts a server on loopback and waits until it answers. Throws when there is no binary or it does not come up. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const binary = options.binary ?? findRedisBinary();
  if (binary === null) throw new Error('neither redis-server nor valkey-server is on the PATH');
  const triesLeft = options.port === undefined ? FREE_PORT_TRIES : 1;
  return startOnPort(binary, options, triesLeft);
}

/**
 * From now on no file of a server that was started with `largestFileBytes` can grow beyond `bytes`, as on a full disk; null
 * makes room again.
 */
export function limitFiles({ pid }: RedisServer, bytes: number | null): void {
  execFileSync('prlimit', [bytes === null ? '--fsize=unlimited' : `--fsize=${bytes}:`, `--pid=${pid}`]);
}

/**
 * The full path of `redis-server` or `valkey-server`, and of the latter alone where `MUSTER_TEST_REDIS` is `valkey`; null when
 * there is none on the PATH.
 */
export function findRedisBinary(path: string = process.env['PATH'] ?? ''): string | null {
  const isValkey = process.env['MUSTER_TEST_REDIS'] === 'valkey';
  for (const name of isValkey ? ['valkey-server'] : ['redis-server', 'valkey-server']) {
    for (const folder of path.split(delimiter).filter((part) => part !== '')) {
      const file = join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not here: look further along the path.
      }
    }
  }
  return null;
}

async function startOnPort(
  binary: string,
  options: RedisServerOptions,
  triesLeft: number,
): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'muster-redis-')));
  const watcher = spawn('sh', ['-c', WATCHER, 'watcher', options.dir === undefined ? dir : ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const server = spawn(...limited(binary, serverArguments(port, dir, options), options), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  watcher.stdin.on('error', () => undefined);
  watcher.stdin.write(`${server.pid ?? ''}\n`);
  const cleanUp = async (): Promise<void> => {
    watcher.kill('SIGKILL');
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  // Only when its process is gone may the watcher go: until then it is what keeps the promise.
  const ended = hasEnded(server).then(cleanUp);
  const failure = await readiness(server);
  if (failure !== null) {
    server.kill('SIGKILL');
    await ended;
    if (triesLeft > 1 && failure.includes('Address already in use')) {
      return startOnPort(binary, options, triesLeft - 1);
    }
    throw new Error(`${binary} did not start: ${failure}`);
  }
  letProcessExit(watcher);
  letProcessExit(server);
  const stop = (): Promise<void> => stopServer(server, ended);
  const credentials = options.password ? `:${options.password}@` : '';
  return { url: `redis://${credentials}127.0.0.1:${port}`, port, pid: server.pid ?? 0, dir, ended, stop };
}

/**
 * The program behind a limit of the shell's. Its signal is ignored, so that a write beyond the limit fails as one on a full
 * disk does. The limit is the soft one, so that `limitFiles` can lift it.
 */
function limited(
  binary: string,
  args: readonly string[],
  { largestFileBytes }: RedisServerOptions,
): [string, string[]] {
  if (largestFileBytes === undefined) return [binary, [...args]];
  const blocks = Math.ceil(largestFileBytes / 512);
  return ['sh', ['-c', `trap '' XFSZ; ulimit -S -f ${blocks}; exec "$0" "$@"`, binary, ...args]];
}

function serverArguments(port: number, dir: string, options: RedisServerOptions): string[] {
  const settings: Record<string, string | readonly string[]> = {
    port: String(port),
    bind: '127.0.0.1',
    dir,
    save: '',
    appendonly: options.appendonly === false ? 'no' : 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
    ...(options.password ? { requirepass: options.password } : {}),
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value].flat());
}

/** Null once the server is ready, else why it is not. */
function readiness(server: ChildProcess): Promise<string | null> {
  const lines: string[] = [];
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, START_TIMEOUT_MS, `not ready after ${START_TIMEOUT_MS} ms`);
    const settle = (failure: string | null): void => {
      clearTimeout(timer);
      resolve(failure);
    };
    const read = (text: string): void => {
      lines.push(...text.split('\n').filter((line) => line !== ''));
      lines.splice(0, lines.length - LOG_LINES_KEPT);
      if (text.includes(READY)) settle(null);
    };
    server.stdout?.setEncoding('utf8').on('data', read);
    server.stderr?.setEncoding('utf8').on('data', read);
    server.once('error', (error) => {
      settle(error.message);
    });
    server.once('close', () => {
      settle(lines.join('\n'));
    });
  });
}

async function stopServer(server: ChildProcess, ended: Promise<void>): Promise<void> {
  server.ref();
  server.kill('SIGTERM');
  const timer = setTimeout(() => server.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

function hasEnded(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    server.once('exit', () => {
      resolve();
    });
    server.once('error', () => {
      resolve();
    });
  });
}

/** The child and its pipes no longer keep our process alive. */
function letProcessExit(child: ChildProcess): void {
  child.unref();
  for (const stream of child.stdio) {
    if (stream instanceof Socket) stream.unref();
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
