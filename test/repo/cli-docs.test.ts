/** docs/cli.md names every verb of the command line, and the pages of the verbs every option. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { MUSTER_ENTRY } from '@muster/testing/supervised-process';
import { beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const MAIN = new URL('../../apps/cli/src/main.ts', import.meta.url).href;
const PAGES = ['cli', 'doctor', 'plan'];
/** Commander's own. */
const HELP = 'help';

async function helpOf(...words: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [MUSTER_ENTRY, ...words, '--help']);
  return stdout;
}

let pages: string;
let verbs: readonly string[];
beforeAll(async () => {
  const texts = await Promise.all(
    PAGES.map((name) => readFile(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8')),
  );
  pages = texts.join('\n');
  const [, commands = ''] = (await helpOf()).split('Commands:');
  verbs = [...commands.matchAll(/^ {2}([a-z-]+)/gm)]
    .map(([, verb]) => verb ?? '')
    .filter((verb) => verb !== HELP);
}, 30_000);

test('every verb is described', () => {
  expect(verbs.length).toBeGreaterThan(15);
  expect(verbs.filter((verb) => !pages.includes(`\`muster ${verb}`))).toEqual([]);
});

/** All in one process: to start one for each verb takes a minute on a busy machine. */
async function helps(): Promise<ReadonlyMap<string, string>> {
  const program = `
    const { main } = await import(process.argv[1]);
    for (const verb of process.argv.slice(2)) {
      process.stdout.write(\`\\0\${verb}\\n\`);
      await main([verb, '--help'], {});
    }`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program, MAIN, ...verbs]);
  const texts = stdout.split('\0').slice(1);
  return new Map(texts.map((text) => [text.slice(0, text.indexOf('\n')), text]));
}

test('every option is named, and every help ends with an example', async () => {
  const missing: string[] = [];
  const texts = await helps();
  expect([...texts.keys()]).toEqual(verbs);
  for (const [verb, text] of texts) {
    if (!/\nExamples?:\n {2}\S/.test(text)) missing.push(`${verb} has no example`);
    for (const [, option = ''] of text.matchAll(/^\s+(?:-\w, )?(--[a-z-]+)/gm)) {
      if (option !== '--help' && !pages.includes(option)) missing.push(`${verb} ${option}`);
    }
  }

  expect(missing).toEqual([]);
});
