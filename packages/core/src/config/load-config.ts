import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorCode } from './console-rules.ts';
import type { Environment } from './environment.ts';
import { parseConfig, type ParseResult } from './parse-config.ts';

/** Far above any real one; a log or an image given by mistake is not read. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/** Where the configuration is looked for: the argument, `MUSTER_CONFIG`, `./muster.yaml`. */
export function configPath(argument: string | undefined, env: Environment): string {
  return (
    [argument, env['MUSTER_CONFIG']].find((path) => path !== undefined && path !== '') ?? './muster.yaml'
  );
}

/** Reads and compiles the file. What keeps it from being read is one fault that says what to do. */
export function loadConfig(path: string, env: Environment): ParseResult {
  const unreadable = (message: string): ParseResult => ({
    ok: false,
    faults: [{ file: path, line: 0, column: 0, path: '', message }],
    notes: [],
  });
  let text: string;
  try {
    const file = statSync(path);
    if (file.isDirectory()) {
      return unreadable(
        'is a directory, not a file. Docker makes one when the file it should mount is missing: remove the directory, put muster.yaml in its place, and start again',
      );
    }
    if (file.size > LARGEST_BYTES) return unreadable('is too large to be a configuration');
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT') return unreadable(`cannot be read (${code})`);
    return unreadable(
      'does not exist: write one (the discovery_service block of your teleport.yaml is enough to begin with), or say where it is with MUSTER_CONFIG',
    );
  }
  const folder = dirname(path);
  return parseConfig(text, {
    file: path,
    env,
    readFile: (name) => readFileSync(resolve(folder, name), 'utf8'),
  });
}
