import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Calls `look` when a file may have changed: soon after something happened in its folder (editors and Kubernetes replace a
 * file instead of writing into it, so the folder is watched), and every `everyMs` all the same, since some file systems tell
 * nothing. Whether it has changed is for `look` to find out. Nothing here keeps the process alive.
 *
 * @param options.settleMs how long it must be quiet first: a file is often written in several steps
 */
export function watchFile(
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
