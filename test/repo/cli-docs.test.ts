/** docs/cli.md names every verb of the command line, and the pages of the verbs every option. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { MUSTER_ENTRY } from '@muster/testing/supervised-process';
import { beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
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
  verbs = [...commands.matchAll(/^ {2}([a-z]+)\b/gm)]
    .map(([, verb]) => verb ?? '')
    .filter((verb) => verb !== HELP);
}, 30_000);

test('every verb is described', () => {
  expect(verbs.length).toBeGreaterThan(15);
  expect(verbs.filter((verb) => !pages.includes(`\`muster ${verb}`))).toEqual([]);
});

test('every option is named', async () => {
  const missing: string[] = [];
  for (const verb of verbs) {
    const options = (await helpOf(verb)).matchAll(/^\s+(?:-\w, )?(--[a-z-]+)/gm);
    for (const [, option = ''] of options) {
      if (option !== '--help' && !pages.includes(option)) missing.push(`${verb} ${option}`);
    }
  }

  expect(missing).toEqual([]);
});
