import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@muster/core/runtime/errors';
import { CommandError, EXIT } from '../command-context.ts';
import { whyNotWritable } from '../write-named-file.ts';
import type { InitFile } from './settings.ts';
import { compareFiles, writeFiles } from './write-files.ts';

/**
 * Writes the files and says which; nothing when one of them is there and different, unless forced, or stands behind a link. Throws
 * a CommandError.
 */
export function writeOrRefuse(
  verb: string,
  folder: string,
  files: readonly InitFile[],
  force: boolean,
): void {
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    throw new CommandError(EXIT.usage, `muster ${verb}: --dir ${folder}: is not a folder`);
  }
  const states = compareFiles(folder, files);
  const inState = (wanted: string): readonly string[] =>
    [...states].filter(([, state]) => state === wanted).map(([path]) => join(folder, path));
  const blocked = inState('blocked');
  const different = inState('different');
  if (blocked.length > 0 || (different.length > 0 && !force)) {
    throw new CommandError(
      EXIT.failed,
      [
        'nothing was written',
        ...different.map(
          (path) => `  ${path} is there and different${force ? '' : ' (--force replaces it)'}`,
        ),
        ...blocked.map(
          (path) =>
            `  ${path} ${whyNotWritable(path) ?? 'cannot be written: on the way there is something else than a folder'}`,
        ),
      ].join('\n'),
    );
  }
  const same = new Set([...states].filter(([, state]) => state === 'same').map(([path]) => path));
  const toWrite = files.filter((file) => !same.has(file.path));
  try {
    if (toWrite.length > 0) writeFiles(folder, toWrite);
  } catch (error) {
    throw new CommandError(EXIT.failed, `nothing was written: --dir ${folder}: ${messageOf(error)}`);
  }
  const lines = files.map(({ path }) => `  ${same.has(path) ? 'same   ' : 'written'}  ${join(folder, path)}`);
  process.stdout.write(`${[...lines, '', `Next: ${join(folder, 'README.md')}`].join('\n')}\n`);
}
