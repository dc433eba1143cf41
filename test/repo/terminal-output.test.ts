/** All output of our processes passes one place: the guard of the streams, and the logger for what goes by descriptor. */
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUARD = 'apps/cli/src/guarded-output.ts';
/** The other form of the logger's lines (LOG_FORMAT=pretty). */
const PRETTY_LINES = 'packages/core/src/runtime/pretty-lines.ts';
const LOGGER = 'packages/core/src/runtime/logger.ts';

function read(file: string): Promise<string> {
  return readFile(`${ROOT}/${file}`, 'utf8');
}

/** What runs in production, and the demo. */
const sources = globSync(['apps/*/{src,bin}/**/*.{ts,js}', 'packages/core/src/**/*.ts'], {
  cwd: ROOT,
  exclude: (name) => name === 'node_modules',
}).filter((file) => !/\.(test|fixture)\.ts$/.test(file) && !file.startsWith('apps/console/'));

async function filesWith(pattern: RegExp): Promise<readonly string[]> {
  const found: string[] = [];
  for (const file of sources) if (pattern.test(await read(file))) found.push(file);
  return found;
}

test('there is something to look at', () => {
  expect(sources.length).toBeGreaterThan(150);
  expect(sources).toContain(GUARD);
});

test('the entries guard their streams before anything of ours is written', async () => {
  const entry = await read('apps/cli/bin/muster.js');

  expect(entry.indexOf('guardOutput(process)')).toBeGreaterThan(0);
  expect(entry.indexOf('guardOutput(process)')).toBeLessThan(entry.indexOf('src/main.ts'));
  expect(entry.indexOf('guardOutput(process)')).toBeLessThan(entry.indexOf('closed-output.ts'));
  for (const file of ['apps/demo/src/main.ts', 'apps/demo/src/sim.ts']) {
    expect(await read(file), file).toMatch(/^guardOutput\(process\);$/m);
  }
});

test('control sequences stand in the guard alone', async () => {
  expect(await filesWith(/\\(u001b|u\{1b\}|x1b|033|e\[)/i)).toEqual([GUARD]);
});

test('only the logger writes to a descriptor, and it escapes what it writes', async () => {
  const past =
    /writeSync\(\s*[12]\b|createLineWriter\(|['"`]\/dev\/(stdout|stderr|tty|fd)|pino\.(destination|transport)|_rawDebug|std(out|err)\.(end|_write)|fd: [12]\b|stdio: ['"]inherit|console\.(dir|table)/;

  const found = await filesWith(past);

  expect(found).toEqual([LOGGER]);
  const logger = await read(LOGGER);
  expect(logger).toContain('format = terminalText }');
  expect(logger).toContain('lines.write(format(text))');
  expect(await read(PRETTY_LINES)).toContain('pretty(escapeValues(');
});
