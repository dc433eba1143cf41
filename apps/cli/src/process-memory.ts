import { accessSync, constants } from 'node:fs';
import { verbOf } from './verb-of.ts';

/**
 * Bounds of memory for the processes that stay. Without them V8 keeps garbage for as long as the machine has room: a worker of
 * 50 to 100 MB came to 1.2 GB (docs/decisions/0040-memory.md has the measurements).
 */
const BOUNDS: Readonly<Record<string, Bounds>> = {
  worker: { heapMb: 320, growingPercent: 200, semiSpaceMb: 24 },
  scheduler: { heapMb: 320, growingPercent: 100, semiSpaceMb: 8 },
  run: { heapMb: 448, growingPercent: 100, semiSpaceMb: 8 },
};

/** What V8 is told at its start. */
interface Bounds {
  readonly heapMb: number;
  /**
   * How much the old generation may grow, in percent of what lived at its last collection, before the next one. V8 follows its limit: up to 300 on a
   * machine with room, and 30 under a limit of 256 MB, at three times as many collections.
   */
  readonly growingPercent: number;
  /** Of each of the two halves of V8's young generation. Small halves make answers of AWS that are read just then look old. */
  readonly semiSpaceMb: number;
}

/** glibc makes eight arenas per core otherwise, and gives back little of what lies in them. */
const ARENAS = '2';

/** How a process must be started again; null where nothing is missing. */
export interface Relaunch {
  /** Options of Node, before the ones that it was started with. */
  readonly options: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * What of the bounds a process of this verb lacks. What the operator names, in NODE_OPTIONS, on the command line of Node or
 * in MALLOC_ARENA_MAX, stays as it is.
 */
export function missingBounds(
  argv: readonly string[],
  execArgv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Relaunch | null {
  const bounds = BOUNDS[verbOf(argv)];
  if (bounds === undefined) return null;
  const { heapMb, growingPercent, semiSpaceMb } = bounds;
  const named = [...(env['NODE_OPTIONS'] ?? '').split(/\s+/), ...execArgv].map((option) =>
    option.replaceAll('_', '-'),
  );
  const isNamed = (name: string): boolean => named.some((option) => option.startsWith(name));
  const options = [
    ...(isNamed('--max-old-space-size') || isNamed('--max-heap-size')
      ? []
      : [`--max-old-space-size=${heapMb}`, `--heap-growing-percent=${growingPercent}`]),
    ...(isNamed('--max-semi-space-size') ? [] : [`--max-semi-space-size=${semiSpaceMb}`]),
  ];
  const arenas = env['MALLOC_ARENA_MAX'] === undefined ? { MALLOC_ARENA_MAX: ARENAS } : {};
  if (options.length === 0 && Object.keys(arenas).length === 0) return null;
  return { options, env: arenas };
}

/**
 * Replaces this process by one with bounds, of the same id, where they are missing: V8 takes its limits at its start only, and a
 * way to start Muster that had to name them would forget them. Returns where nothing is missing, or the system has no such call.
 */
export function startWithinBounds(own: NodeJS.Process): void {
  const missing = missingBounds(own.argv.slice(2), own.execArgv, own.env);
  if (missing === null || own.execve === undefined || own.platform === 'win32') return;
  if (!mayBeExecuted(own.execPath)) return;
  const args = [own.argv0, ...missing.options, ...own.execArgv, ...own.argv.slice(1)];
  own.execve(own.execPath, args, { ...own.env, ...missing.env });
}

/** A call of `execve` that fails ends the process. */
function mayBeExecuted(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
