import { dirname, resolve } from 'node:path';
import type { Environment } from './environment.ts';
import { parseConfig, type ParseResult } from './parse-config.ts';
import { readTextFile } from './source/read-text-file.ts';

const MISSING =
  'does not exist: write one (the discovery_service block of your teleport.yaml is enough to begin with), or say where it is with MUSTER_CONFIG';

/** Where the configuration is looked for: the argument, `MUSTER_CONFIG`, `./muster.yaml`. */
export function configPath(argument: string | undefined, env: Environment): string {
  return (
    [argument, env['MUSTER_CONFIG']].find((path) => path !== undefined && path !== '') ?? './muster.yaml'
  );
}

/** Reads and compiles the file. What keeps it from being read is one fault that says what to do. */
export function loadConfig(path: string, env: Environment): ParseResult {
  const reading = readTextFile(path);
  if (!reading.ok) {
    const { code, line, problem } = reading;
    const message = code === 'ENOENT' ? MISSING : problem;
    const column = line === 0 ? 0 : 1;
    return { ok: false, faults: [{ file: path, line, column, path: '', message }], notes: [] };
  }
  const folder = dirname(path);
  return parseConfig(reading.text, {
    file: path,
    env,
    readFile: (name) => readTextFile(resolve(folder, name)),
  });
}
