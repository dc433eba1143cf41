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

/** Two at a time: each is a process. */
async function helps(): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const left = [...verbs];
  const take = async (): Promise<void> => {
    for (let verb = left.shift(); verb !== undefined; verb = left.shift()) {
      texts.set(verb, await helpOf(verb));
    }
  };
  await Promise.all([take(), take()]);
  return texts;
}

test('every option is named, and every help ends with an example', async () => {
  const missing: string[] = [];
  for (const [verb, text] of await helps()) {
    if (!/\nExamples?:\n {2}\S/.test(text)) missing.push(`${verb} has no example`);
    for (const [, option = ''] of text.matchAll(/^\s+(?:-\w, )?(--[a-z-]+)/gm)) {
      if (option !== '--help' && !pages.includes(option)) missing.push(`${verb} ${option}`);
    }
  }

  expect(missing).toEqual([]);
});
