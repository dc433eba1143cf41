import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { baseEnvironment, MUSTER_ENTRY, runProgram } from '@muster/testing/supervised-process';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import type { CommandContext } from './command-context.ts';
import { verbOf } from './verb-of.ts';
import { VERB_GROUPS } from './verbs.ts';

const MAIN = new URL('main.ts', import.meta.url).href;
const CONTEXT: CommandContext = {
  env: {},
  configOption: () => undefined,
  apiOptions: () => ({}),
  exit: () => undefined,
};

test('the table of verbs says what the commands say of themselves', async () => {
  const made: [string, string][] = [];
  for (const { load } of VERB_GROUPS) {
    const program = new Command();
    (await load())(program, CONTEXT);
    made.push(
      ...program.commands.map((command): [string, string] => [command.name(), command.description()]),
    );
  }

  expect(VERB_GROUPS.flatMap(({ verbs }) => Object.entries(verbs))).toEqual(made);
}, 30_000);

/** Runs a command line in a process of its own. @returns its output, and which files of commands it loaded */
async function loadedBy(...argv: readonly string[]): Promise<{ text: string; files: readonly string[] }> {
  const program = `
    import { registerHooks } from 'node:module';
    const files = [];
    registerHooks({
      load(url, context, next) {
        if (url.includes('/cli/src/commands/')) files.push(url.split('/').at(-1));
        return next(url, context);
      },
    });
    const { main } = await import(process.argv[1]);
    await main(process.argv.slice(2), {});
    process.stdout.write('\\0' + JSON.stringify(files));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    program,
    '--',
    MAIN,
    ...argv,
  ]);
  const [text = '', files = '[]'] = stdout.split('\0');
  return { text, files: JSON.parse(files) as string[] };
}

test('help lists every verb and loads none of them', async () => {
  const { text, files } = await loadedBy('--help');

  const [, listed = ''] = text.split('Commands:');
  const verbs = VERB_GROUPS.flatMap((group) => Object.keys(group.verbs));
  expect([...listed.matchAll(/^ {2}([a-z-]+)/gm)].map(([, verb]) => verb).slice(0, -1)).toEqual(verbs);
  expect(files).toEqual([]);
}, 20_000);

test('help of a verb is its own, either way round', async () => {
  const [asked, named] = await Promise.all([loadedBy('explain', '--help'), loadedBy('help', 'explain')]);

  expect(asked.files).toEqual(['explain.ts']);
  expect(asked.text).toContain('muster explain i-0123456789abcdef0');
  expect(named).toEqual(asked);
}, 20_000);

test('a slip names the nearest verb', async () => {
  const { code, stdout, stderr } = await runProgram([MUSTER_ENTRY, 'statsu'], { env: baseEnvironment() });

  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain('Did you mean status?');
}, 20_000);

test.each([
  [['status', '--json'], 'status'],
  [['--config', 'muster.yaml', 'status'], 'status'],
  [['--config', '--url', 'status'], 'status'],
  [['--no-color', 'status'], 'status'],
  [['--url', 'status'], ''],
  [['--help'], ''],
])('the verb of %j is %j', (argv, verb) => {
  expect(verbOf(argv)).toBe(verb);
});
