import { lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { whyNotWritable } from '../write-named-file.ts';
import type { InitFile } from './settings.ts';

/** What writing a file would do. `blocked`: something stands there that is never replaced nor followed (`whyNotWritable`). */
export type FileState = 'new' | 'same' | 'different' | 'blocked';

/** Compares the files with what stands in the folder. Touches nothing. */
export function compareFiles(folder: string, files: readonly InitFile[]): ReadonlyMap<string, FileState> {
  return new Map(files.map((file) => [file.path, stateOf(folder, file)]));
}

/**
 * Writes the files: all of them, or after an error none. They are written whole into a folder beside their places first,
 * and then moved; what they replace is kept there until the last one is in its place. Throws what the file system says.
 */
export function writeFiles(folder: string, files: readonly InitFile[]): void {
  makeFolder(folder);
  const staging = mkdtempSync(join(folder, '.muster-init-'));
  const undo: (() => void)[] = [];
  try {
    for (const [index, { content, isSecret }] of files.entries()) {
      writeFileSync(join(staging, `new-${index}`), content, isSecret === true ? { mode: 0o600 } : {});
    }
    for (const [index, { path }] of files.entries()) {
      const place = join(folder, path);
      const made = mkdirSync(dirname(place), { recursive: true });
      if (made !== undefined) undo.push(() => rmSync(made, { recursive: true }));
      const kept = join(staging, `old-${index}`);
      if (isThere(place)) {
        renameSync(place, kept);
        undo.push(() => renameSync(kept, place));
      } else {
        undo.push(() => rmSync(place, { force: true }));
      }
      renameSync(join(staging, `new-${index}`), place);
    }
  } catch (error) {
    for (const step of undo.toReversed()) step();
    throw error;
  } finally {
    rmSync(staging, { recursive: true });
  }
}

/**
 * One folder after the other: with `recursive`, Node tries forever where a folder is there but takes no new one (/proc).
 */
function makeFolder(folder: string): void {
  if (isThere(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder);
}

function stateOf(folder: string, file: InitFile): FileState {
  const parts = file.path.split('/');
  // A folder on the way that is a file, or a link to elsewhere, blocks as well.
  for (let depth = 1; depth < parts.length; depth += 1) {
    const onTheWay = lstatSync(join(folder, ...parts.slice(0, depth)), { throwIfNoEntry: false });
    if (onTheWay === undefined) return whyNotWritable(join(folder, file.path)) === null ? 'new' : 'blocked';
    if (!onTheWay.isDirectory()) return 'blocked';
  }
  const place = join(folder, file.path);
  const found = lstatSync(place, { throwIfNoEntry: false });
  if (found === undefined) return whyNotWritable(place) === null ? 'new' : 'blocked';
  if (whyNotWritable(place) !== null) return 'blocked';
  // Commands that carry the old one may be live.
  if (file.isSecret === true) return 'same';
  return readFileSync(place, 'utf8') === file.content ? 'same' : 'different';
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
