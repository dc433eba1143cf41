import { dirname, resolve } from 'node:path';
import { compareConfig, resultOfReload, type ConfigReload } from '@muster/core/config/reload';
import { formatFault, formatFaults } from '@muster/core/config/source/report';
import { configPath, loadConfig } from '@muster/core/config/load-config';
import type { MusterConfig } from '@muster/core/config/model';
import { readTextFile } from '@muster/core/config/source/read-text-file';
import { messageOf } from '@muster/core/runtime/errors';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { CommandContext } from './command-context.ts';
import { type FSWatcher, watch } from 'node:fs';

/** Quiet time after a change before the file is read. */
const SETTLE_MS = 300;
/** How often the file is checked when no change was reported. */
const LOOK_MS = 15_000;
/** The longest wait of a timer of Node's. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Keeps a running process in step with its configuration file: when its text, or that of a file it names, has changed, when a `discovery_config`
 * in it expires, or on SIGHUP, it is read again, and the process learns the result. The process learns of each text
 * once; the log has every fault.
 */
export function followConfig(
  running: MusterConfig,
  context: CommandContext,
  tell: (reload: ConfigReload) => Promise<void>,
  log: Logger,
): { close(): void } {
  const path = configPath(context.configOption(), context.env);
  let current = running;
  let seen = textOf(path, current);
  let told = Promise.resolve();

  const look = (asked: boolean): void => {
    const text = textOf(path, current);
    if (text === seen && !asked) return;
    seen = text;
    const { reload, notes } = readAgain();
    waitForEnd();
    const result = resultOfReload(reload);
    if (reload.kind === 'invalid') log.error({ path, faults: reload.faults }, 'configuration refused');
    else if (reload.kind === 'redis-password') log.info({ path }, 'the password of redis has changed');
    else log.info({ path, result, restart: reload.restart, notes }, 'configuration changed');
    // One after the other, so that the text read last is also the one told last.
    told = told
      .then(() => tell(reload))
      .catch((error: unknown) => {
        log.error({ err: error, reason: messageOf(error) }, 'configuration not taken up');
      });
  };

  const readAgain = (): { readonly reload: ConfigReload; readonly notes: readonly string[] } => {
    const result = loadConfig(path, context.env);
    const notes = result.notes.map(formatFault);
    if (!result.ok) return { reload: { kind: 'invalid', faults: formatFaults(result.faults) }, notes };
    return { reload: takeUp(result.config), notes };
  };

  const takeUp = (next: MusterConfig): ConfigReload => {
    const change = compareConfig(current, next);
    if (change.kind === 'restart') return { kind: 'valid', config: null, restart: change.keys };
    if (change.kind === 'redis-password') return change;
    if (change.kind === 'same') return { kind: 'valid', config: null, restart: [] };
    ({ config: current } = change);
    return { kind: 'valid', config: change.config, restart: change.restart };
  };

  let ending: NodeJS.Timeout | null = null;
  /** An end is looked at once: what is not taken up then waits for another text. */
  let endedAtMs: number | null = null;
  const waitForEnd = (): void => {
    if (ending !== null) clearTimeout(ending);
    ending = null;
    const { endsAtMs } = current;
    if (endsAtMs === null || endsAtMs === endedAtMs) return;
    const leftMs = endsAtMs - Date.now();
    const end = (): void => {
      // A timer may come early, and the clock may have been set.
      if (Date.now() < endsAtMs) {
        waitForEnd();
        return;
      }
      endedAtMs = endsAtMs;
      look(true);
    };
    ending = setTimeout(end, Math.min(Math.max(leftMs, 0), LONGEST_TIMER_MS));
    ending.unref();
  };
  waitForEnd();

  const watching = watchFile(path, { settleMs: SETTLE_MS, everyMs: LOOK_MS }, () => {
    look(false);
  });
  const onHangUp = (): void => {
    look(true);
  };
  process.on('SIGHUP', onHangUp);
  return {
    close: () => {
      process.off('SIGHUP', onHangUp);
      watching.close();
      if (ending !== null) clearTimeout(ending);
    },
  };
}

/** The file, and those that it names. Empty where one cannot be read just now: `loadConfig` says why. */
function textOf(path: string, config: Pick<MusterConfig, 'files'>): string {
  const files = [path, ...config.files.map((file) => resolve(dirname(path), file))];
  return files
    .map((file) => readTextFile(file))
    .map((reading) => (reading.ok ? reading.text : ''))
    .join('\0');
}

/**
 * Calls `look` when a file may have changed: soon after something happened in its folder (editors and Kubernetes replace a
 * file instead of writing into it, so the folder is watched), and every `everyMs` all the same, since some file systems tell
 * nothing. Whether it has changed is for `look` to find out. Nothing here keeps the process alive.
 *
 * @param options.settleMs how long it must be quiet first: a file is often written in several steps
 */
function watchFile(
  path: string,
  options: { readonly settleMs: number; readonly everyMs: number },
  look: () => void,
): { close(): void } {
  let settling: NodeJS.Timeout | null = null;
  let watcher: FSWatcher | null = null;
  const happened = (): void => {
    if (settling !== null) clearTimeout(settling);
    settling = setTimeout(look, options.settleMs).unref();
  };
  try {
    watcher = watch(dirname(path), { persistent: false }, happened);
    watcher.on('error', () => undefined);
  } catch {
    // No more watches, or a folder that went: the regular look remains.
  }
  const regular = setInterval(look, options.everyMs).unref();
  return {
    close: () => {
      watcher?.close();
      clearInterval(regular);
      if (settling !== null) clearTimeout(settling);
    },
  };
}
