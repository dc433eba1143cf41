import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '@muster/core/config/parse-config';
import { readYaml } from '@muster/core/config/source/yaml-source';
import { MUSTER_ENTRY } from '@muster/testing/supervised-process';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { blocksOf, commandsOf, GUIDE_PAGES, readGuide } from './guide-blocks.ts';

// Each test starts processes: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-guide-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function muster(...args: readonly string[]): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MUSTER_ENTRY, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return { code: status, output: `${stdout}${stderr}` };
}

/** The first document of a YAML text. */
function parse(text: string): unknown {
  return readYaml(text).documents[0]?.value;
}

/** What `--help` says of a command, asked once. */
const helps = new Map<string, ReturnType<typeof muster>>();

function helpOf(words: readonly string[]): ReturnType<typeof muster> {
  const key = words.join(' ');
  const help = helps.get(key) ?? muster(...words, '--help');
  helps.set(key, help);
  return help;
}

/** A file that the guide's own `muster init` writes. */
function written(path: string): string {
  if (!existsSync(join(folder, 'muster-setup'))) {
    const command = commandsOf(readGuide('README.md')).find((line) => line.startsWith('muster init')) ?? '';
    const { code, output } = muster(
      ...command.split(' ').slice(1),
      '--external-id=muster-0123456789abcdef0123456789abcdef',
    );
    if (code !== 0) throw new Error(output);
  }
  return readFileSync(join(folder, 'muster-setup', path), 'utf8');
}

test.each(GUIDE_PAGES)('every configuration in %s is one, without a fault', (page) => {
  const configs = blocksOf(readGuide(page)).filter(({ text }) => text.startsWith('# muster.yaml\n'));

  const faults = configs.flatMap(({ text, line }) => {
    const parsed = parseConfig(text, {
      file: `${page}:${line}`,
      env: {},
      readFile: () => ({ ok: true, text: '0123456789abcdef'.repeat(4) }),
    });
    return parsed.ok ? parsed.notes : parsed.faults;
  });

  expect(configs.length).toBeGreaterThan(0);
  expect(faults).toEqual([]);
});

test.each(GUIDE_PAGES)('every other block of YAML and JSON in %s can be read', (page) => {
  const blocks = blocksOf(readGuide(page));
  const yaml = blocks.filter(
    ({ language, text }) => language === 'yaml' && !text.startsWith('# muster.yaml\n'),
  );
  const json = blocks.filter(({ language }) => language === 'json');

  expect(yaml.flatMap(({ text }) => readYaml(text).faults)).toEqual([]);
  const kinds = yaml.map(({ text }) => Reflect.get(parse(text) as object, 'kind') as unknown);
  expect(kinds.filter((kind) => kind !== 'token' && kind !== 'installer')).toEqual([]);
  expect(json.map(({ text }) => typeof JSON.parse(text))).toEqual(json.map(() => 'object'));
});

test.each(GUIDE_PAGES)('every block of commands in %s is one that bash reads', (page) => {
  const bad = blocksOf(readGuide(page))
    .filter(({ language }) => language === 'sh')
    .filter(({ text }) => spawnSync('bash', ['-n'], { input: text }).status !== 0);

  expect(bad).toEqual([]);
});

test.each(GUIDE_PAGES)('every muster command in %s exists, with its options', (page) => {
  const lines = commandsOf(readGuide(page)).filter((line) => line.startsWith('muster '));
  const unknown = lines.filter((line) => {
    const words = line.split(/\s+/).slice(1);
    const at = words.findIndex((word) => word.startsWith('-'));
    const named = words.slice(0, at < 0 ? words.length : at);
    const { code, output } = helpOf(named.slice(0, named[0] === 'config' ? 2 : 1));
    const options = words.filter((word) => word.startsWith('--'));
    return code !== 0 || !options.every((option) => new RegExp(`${option}[ ,\\n]`).test(output));
  });

  expect(lines.length).toBeGreaterThan(0);
  expect(unknown).toEqual([]);
});

test('every option of init that the guide names exists', () => {
  const { output } = helpOf(['init']);
  const named = readGuide('README.md').match(/(?<=`|… )--[\w-]+(?=[ `])/g) ?? [];

  expect(named).toContain('--token-accounts');
  expect(named.filter((option) => !output.includes(`${option} `) && option !== '--all')).toEqual([]);
});

test('the guide shows what init writes', () => {
  const blocks = blocksOf(readGuide('README.md'));
  const shown = (title: string): unknown =>
    parse(blocks.find(({ text }) => text.startsWith(`# ${title}\n`))?.text ?? '');

  expect(shown('teleport/token.yaml')).toEqual(parse(written('teleport/token.yaml')));
  expect(shown('muster.yaml')).toEqual(parse(written('muster.yaml')));
});

test("the guide's commands for AWS, systemd and Teleport are those of init's own README", () => {
  const theirs = new Set(commandsOf(written('README.md')));
  const ours = commandsOf(readGuide('README.md')).filter((line) =>
    /^(aws (cloudformation|iam|organizations put)|sudo|tctl|cp) /.test(line),
  );
  // The reader's own file.
  theirs.add('tctl create -f installer.yaml');

  expect(ours.length).toBeGreaterThan(15);
  expect(ours.filter((line) => !theirs.has(line))).toEqual([]);
});

test("the policy for one account is the member role's, for that account", () => {
  const [policy] = blocksOf(readGuide('one-account.md'))
    .filter(({ language }) => language === 'json')
    .map(({ text }) => text);

  // One account, tried out: Amazon's own document, and nothing to make in any region.
  const { code, output } = muster(
    ...'init --organization o-a1b2c3d4e5 --proxy teleport.example.com:443 --dir plain'.split(' '),
    '--document=AWS-RunShellScript',
  );

  expect({ code, output }).toMatchObject({ code: 0 });
  expect(JSON.parse((policy ?? '').replace('ec2:*:111122223333:', 'ec2:*:*:'))).toEqual(
    JSON.parse(readFileSync(join(folder, 'plain/iam/member-policy.json'), 'utf8')),
  );
});

test.each(GUIDE_PAGES)('every link in %s leads somewhere', (page) => {
  const links = [...readGuide(page).matchAll(/\]\((?!https?:)([^)]*)\)/g)].map((match) => match[1] ?? '');
  const base = new URL(`../../docs/guide/${page}`, import.meta.url);

  expect(links.filter((link) => !existsSync(fileURLToPath(new URL(link, base))))).toEqual([]);
});

test('the installer that the guide shows is a script that sh reads', () => {
  const block = blocksOf(readGuide('README.md')).find(({ text }) => text.startsWith('# installer.yaml\n'));
  const { spec } = parse(block?.text ?? '') as { readonly spec: { readonly script: string } };

  expect(spawnSync('sh', ['-n'], { input: spec.script }).status).toBe(0);
});
