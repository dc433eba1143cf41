/** docs/deploy/systemd.md says what the units of `muster init` do. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { exampleSettings, fileOf } from '@muster/cli/init/example.fixture';
import { expect, test } from 'vitest';
import { blocksOf } from './guide-blocks.ts';

const PAGE = readFileSync(new URL('../../docs/deploy/systemd.md', import.meta.url), 'utf8');
const SCHEDULER = fileOf(exampleSettings(), 'systemd/muster-scheduler.service');
const WORKER = fileOf(exampleSettings(), 'systemd/muster-worker@.service');

/** The rows of the table of files: path → who reads it. */
const readers = new Map(
  [...PAGE.matchAll(/^\| `(\/[\w./-]+)` \| `[\w:-]+` \d+ \| (.*) \|$/gm)].map(([, path = '', who = '']) => [
    path,
    who,
  ]),
);

test('every file of the units stands in the table, and whose it is', () => {
  const named = (unit: string): readonly string[] =>
    [...unit.matchAll(/^(?:EnvironmentFile=-|Environment=\w+=)(\/etc\/\S+)$/gm)].map(([, path = '']) => path);

  expect(named(SCHEDULER).length).toBeGreaterThanOrEqual(3);
  for (const path of named(WORKER)) {
    expect(readers.get(path), path).toMatch(named(SCHEDULER).includes(path) ? /both/ : /workers alone/);
  }
});

test('users, limits and times are those of the units', () => {
  expect(PAGE).toContain('The scheduler is the user `muster-scheduler`, workers are the user `muster`');
  expect(SCHEDULER).toContain('\nUser=muster-scheduler\n');
  expect(WORKER).toContain('\nUser=muster\n');
  expect(PAGE).toContain('`MemoryMax` (2 GB for a scheduler, 1 GB for a worker');
  expect(SCHEDULER).toContain('\nMemoryMax=2G\n');
  expect(WORKER).toContain('\nMemoryMax=1G\n');
  for (const unit of [SCHEDULER, WORKER]) {
    expect(unit).toContain('\nTimeoutStopSec=40\nRestart=always\nRestartSec=5\n');
    expect(unit).toContain('\nRestartPreventExitStatus=64 78\n');
  }
});

test('every block of commands is one that bash reads', () => {
  const blocks = blocksOf(PAGE).filter(({ language }) => language === 'sh');

  expect(blocks.length).toBeGreaterThanOrEqual(4);
  for (const { text } of blocks) {
    expect(spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' }).stderr).toBe('');
  }
});

test('the command line is run with the files of the units, so that it reaches the same Redis', () => {
  const block = blocksOf(PAGE).find(({ text }) => text.includes('systemd-run'))?.text ?? '';
  const said = [...block.matchAll(/(?:-p (EnvironmentFile=\S+|User=\S+)|-E (\w+=\S+))/g)].map(
    ([, property, variable]) => property ?? `Environment=${variable ?? ''}`,
  );

  expect(said.length).toBeGreaterThanOrEqual(5);
  for (const line of said) expect(WORKER).toContain(`\n${line}\n`);
  const [, program = ''] = /^ExecStart=(.*) worker$/m.exec(WORKER) ?? [];
  expect(block).toContain(`${program} "$@"`);
});
