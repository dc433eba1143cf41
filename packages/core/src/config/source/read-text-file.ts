import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { resolve } from 'node:path';

/** `code` is the file system's word, such as ENOENT; null when the file could be opened and is not what it should be. */
export type TextReading =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly code: string | null; readonly line: number; readonly problem: string };

/** Far above any real configuration or list of accounts; a log or an image given by mistake is not read. */
export const LARGEST_BYTES = 1024 * 1024;

/** A pipe that the shell made for this process: the shell started its writer along with it. */
const HANDED_OVER = /^\/(?:dev\/(?:stdin$|fd\/)|proc\/(?:self|\d+)\/fd\/)/;

/**
 * Reads a small text file that a person names, and never waits: what could keep a reader forever (a named pipe, a device, a
 * file of the kernel that has nothing to say now) is a problem to be told, as are a large file and bytes that are no UTF-8.
 *
 * @returns `problem` follows the file's name in a sentence; `line` is 1-based where one is to blame, else 0
 */
export function readTextFile(path: string): TextReading {
  const isHandedOver = HANDED_OVER.test(resolve(path));
  let file: number | null = null;
  try {
    file = openSync(path, constants.O_RDONLY | (isHandedOver ? 0 : constants.O_NONBLOCK));
    const kind = problemOfKind(fstatSync(file), isHandedOver);
    return kind === null ? decode(readBytes(file)) : refused(kind);
  } catch (error) {
    const code = errorCode(error);
    const remedy =
      code === 'EACCES' ? ': let the user that this process runs as read it, and enter its folder' : '';
    return { ...refused(`cannot be read (${code})${remedy}`), code };
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** Such as `ENOENT`: enough to act on, and never the content. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unknown error';
}

function problemOfKind(file: Stats, isHandedOver: boolean): string | null {
  if (file.isFile() || (file.isFIFO() && isHandedOver)) return null;
  if (file.isDirectory()) {
    return 'is a directory, not a file. Docker makes one when the file it should mount is missing: remove the directory, put the file in its place, and start again';
  }
  return `is a ${file.isFIFO() ? 'named pipe' : 'device'}, not a file: write its content into a file, and name that`;
}

/** One byte more than the largest at most: the size that a file tells of itself may be wrong, or none, as in /proc. */
function readBytes(file: number): Buffer {
  const bytes = Buffer.allocUnsafe(LARGEST_BYTES + 1);
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(file, bytes, length, bytes.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

function decode(bytes: Buffer): TextReading {
  if (bytes.length > LARGEST_BYTES) {
    return refused(`is larger than ${LARGEST_BYTES / 1024 / 1024} MiB: this is the wrong file`);
  }
  if (isUtf8(bytes)) return { ok: true, text: bytes.toString('utf8') };
  let line = 1;
  for (let start = 0; start < bytes.length; line += 1) {
    const end = bytes.indexOf('\n', start);
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  return refused('is no UTF-8 text: save it as UTF-8 (Windows PowerShell writes UTF-16)', line);
}

function refused(problem: string, line = 0): TextReading & { readonly ok: false } {
  return { ok: false, code: null, line, problem };
}
