/** The commands of docs/redis.md and of the runbook reach redis-cli as they are meant: the shell takes nothing away. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentedRules } from '@muster/testing/redis-user';
import { expect, onTestFinished, test } from 'vitest';
import { blocksOf } from './guide-blocks.ts';

const PAGE = readFileSync(new URL('../../docs/redis.md', import.meta.url), 'utf8');

/** Writes its arguments, one a line. */
const REDIS_CLI = '#!/bin/sh\nprintf "%s\\n" "$@" "" >&2\n';

/** A folder of its own that ends with the test. */
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'muster-redis-page-'));
  onTestFinished(() => {
    rmSync(made, { recursive: true });
  });
  return made;
}

/** What redis-cli is called with, and the files that the shell has written beside. */
function run(block: string): { readonly calls: readonly (readonly string[])[]; readonly files: string[] } {
  const tools = folder();
  const here = folder();
  writeFileSync(join(tools, 'redis-cli'), REDIS_CLI, { mode: 0o755 });
  const { stderr } = spawnSync('sh', ['-eu'], {
    input: block,
    cwd: here,
    encoding: 'utf8',
    env: { PATH: `${tools}:${process.env['PATH'] ?? ''}` },
  });
  const calls = stderr.split('\n\n').filter((call) => call !== '');
  return { calls: calls.map((call) => call.split('\n')), files: readdirSync(here) };
}

test('the command that makes a user hands every rule to Redis, the password and both patterns of keys among them', () => {
  const block = blocksOf(PAGE).find(({ text }) => text.includes('ACL SETUSER'))?.text ?? '';

  const { calls, files } = run(block);

  expect(files).toEqual([]);
  expect(calls.map((call) => call.slice(0, 8))).toEqual([
    ['ACL', 'SETUSER', 'muster', 'on', '>PASSWORD', 'resetkeys', '~{muster}:*', '~muster:{*'],
  ]);
  // The rules with which the tests reach Redis are the same.
  expect(calls[0]?.slice(5)).toEqual(documentedRules('muster').split(' ').slice(2));
});

test('no command of the page is cut or turned into a file by the shell', () => {
  const blocks = blocksOf(PAGE).filter(({ language }) => language === 'sh');
  const inline = [...PAGE.matchAll(/`(redis-cli [^`]+)`/g)].map(([, command = '']) => command);

  expect(blocks.length).toBeGreaterThanOrEqual(3);
  expect(inline.length).toBeGreaterThanOrEqual(2);
  for (const command of [...blocks.map(({ text }) => text), ...inline]) {
    expect(run(command).files, command).toEqual([]);
  }
  expect(inline.flatMap((command) => run(command).calls)).toEqual([
    ['ACL', 'SETUSER', 'muster', '>NEW'],
    ['ACL', 'SETUSER', 'muster', '<OLD'],
  ]);
});

test('the runbook names the same two patterns', () => {
  const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');

  expect(runbook).toContain('needs both `~{muster}:*` and `~muster:{*`');
});
