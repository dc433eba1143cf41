import { compareConfig } from '@muster/core/config/compare-config';
import { formatFaults } from '@muster/core/config/format-faults';
import { configPath, loadConfig } from '@muster/core/config/load-config';
import type { MusterConfig } from '@muster/core/config/model';
import { readTextFile } from '@muster/core/config/read-text-file';
import { resultOfReload, type ConfigReload } from '@muster/core/config/reload';
import { messageOf } from '@muster/core/domain/errors';
import type { Logger } from '@muster/core/ports/logger';
import { watchFile } from '@muster/core/runtime/watch-file';
import type { CommandContext } from './command-context.ts';

/** Quiet time after a change before the file is read. */
const SETTLE_MS = 300;
/** How often the file is checked when no change was reported. */
const LOOK_MS = 15_000;
/** The longest wait of a timer of Node's. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Keeps a running process in step with its configuration file: when the file's text has changed, when a `discovery_config`
 * in it expires, or on SIGHUP, it is read again, and the process is told what came of it. The process is told of each text
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
  let seen = textOf(path);
  let told = Promise.resolve();

  const look = (asked: boolean): void => {
    const text = textOf(path);
    if (text === seen && !asked) return;
    seen = text;
    const reload = readAgain();
    waitForEnd();
    if (reload === null) return;
    const result = resultOfReload(reload);
    if (reload.kind === 'invalid') log.error({ path, faults: reload.faults }, 'configuration refused');
    else log.info({ path, result, restart: reload.restart }, 'configuration changed');
    // One after the other, so that the text read last is also the one told last.
    told = told
      .then(() => tell(reload))
      .catch((error: unknown) => {
        log.error({ err: error, reason: messageOf(error) }, 'configuration not taken up');
      });
  };

  const readAgain = (): ConfigReload | null => {
    const result = loadConfig(path, context.env);
    if (!result.ok) return { kind: 'invalid', faults: formatFaults(result.faults) };
    const change = compareConfig(current, result.config);
    if (change.kind === 'restart') return { kind: 'valid', config: null, restart: change.keys };
    if (change.kind === 'same') return { kind: 'valid', config: null, restart: [] };
    ({ config: current } = change);
    return { kind: 'valid', config: change.config, restart: change.restart };
  };

  let ending: NodeJS.Timeout | null = null;
  const waitForEnd = (): void => {
    if (ending !== null) clearTimeout(ending);
    ending = null;
    if (current.endsAtMs === null) return;
    const leftMs = current.endsAtMs - Date.now();
    if (leftMs > LONGEST_TIMER_MS) ending = setTimeout(waitForEnd, LONGEST_TIMER_MS).unref();
    else ending = setTimeout(look, Math.max(leftMs, SETTLE_MS), true).unref();
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

/** Empty when it cannot be read just now: `loadConfig` says why. */
function textOf(path: string): string {
  const reading = readTextFile(path);
  return reading.ok ? reading.text : '';
}
