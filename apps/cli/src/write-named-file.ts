import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * Writes a file that a person named, whole or not at all: into a fresh file beside it, which then takes its place. What
 * another user of the machine may have put in the way (a link, a file of theirs) is neither followed nor replaced.
 *
 * Throws what the file system says, or what `whyNotWritable` does.
 *
 * @param mode of the file, less the process's umask. @default 0o666
 */
export function writeNamedFile(path: string, content: string, mode = 0o666): void {
  const problem = whyNotWritable(path);
  if (problem !== null) throw new Error(problem);
  const fresh = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}`);
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const file = openSync(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** Whether the file is there and holds exactly this. False also where it could not be written. */
export function holdsAlready(path: string, content: string): boolean {
  if (whyNotWritable(path) !== null) return false;
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.size === Buffer.byteLength(content) && readFileSync(path, 'utf8') === content;
}

/** Null when the file may be written or replaced; otherwise what stands in the way and what to do, to follow the file's name. */
export function whyNotWritable(path: string): string | null {
  const onTheWay = linkOfAnother(path);
  if (onTheWay !== null) {
    return `the link ${onTheWay} on the way there belongs to another user, and is not followed: name the folder that is meant`;
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (found.isSymbolicLink()) {
    return 'is a symbolic link, and is not followed: name the file that it leads to, or remove the link';
  }
  // It would be replaced by a file: as root, even a device.
  if (!found.isFile()) return 'is not a plain file, and is left as it is';
  if (!isTrusted(found) && isShared(dirname(path))) {
    return 'belongs to another user, in a folder where others may write, and is left as it is: write into a folder of your own';
  }
  return null;
}

/** The first link among the folders of a path that neither root nor this user has made; null without one. */
function linkOfAnother(path: string): string | null {
  for (let folder = dirname(resolve(path)), above = dirname(folder); folder !== above; ) {
    const found = lstatSync(folder, { throwIfNoEntry: false });
    if (found?.isSymbolicLink() === true && !isTrusted(found)) return folder;
    folder = above;
    above = dirname(folder);
  }
  return null;
}

function isTrusted({ uid }: Stats): boolean {
  return uid === 0 || uid === process.getuid?.();
}

/** Whether users besides the owner may put something into the folder. */
function isShared(folder: string): boolean {
  return ((statSync(folder, { throwIfNoEntry: false })?.mode ?? 0) & 0o022) !== 0;
}
