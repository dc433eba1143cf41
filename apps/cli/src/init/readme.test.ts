import { expect, test } from 'vitest';
import { isHere, runChecker } from './command-here.fixture.ts';
import { EXAMPLES, fileOf } from './example.fixture.ts';
import { initFiles } from './init-files.ts';

function shellBlocks(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
}

test.each(EXAMPLES)('every block of commands is one that bash reads: %s', (_, settings) => {
  const blocks = shellBlocks(fileOf(settings, 'README.md'));

  expect(blocks.length).toBeGreaterThanOrEqual(10);
  expect(blocks.filter((block) => runChecker('bash', ['-n'], block) !== '')).toEqual([]);
});

test.skipIf(!isHere('shellcheck'))('shellcheck agrees (skipped where it is not installed)', () => {
  for (const [, settings] of EXAMPLES) {
    const script = shellBlocks(fileOf(settings, 'README.md')).join('\n');

    expect(runChecker('shellcheck', ['--shell=bash', '--exclude=SC2164', '-'], script)).toBe('');
  }
});

test.each(EXAMPLES)(
  'every file that is named is written, and every file that is written is named: %s',
  (_, settings) => {
    const text = fileOf(settings, 'README.md');
    const written = initFiles(settings).map((file) => file.path);
    const named =
      text.match(/(?<![\w/])(teleport|iam|cloudformation|ssm|systemd|compose)\/[\w.@/-]*[\w]\b/g) ?? [];

    expect(named.filter((path) => path !== 'teleport/discovery' && !written.includes(path))).toEqual(
      // A policy that is offered for the next run, when the account is known.
      settings.discoveryAccount === null ? ['iam/organization-policy.json'] : [],
    );
    const folders = (path: string): string => path.replace(/\/main\.tf$/, '');
    expect(written.filter((path) => path !== 'README.md' && !text.includes(folders(path)))).toEqual([]);
  },
);

test.each(EXAMPLES)(
  'the templates are asked for the account exactly when they need it: %s',
  (_, settings) => {
    const asks = fileOf(settings, 'README.md').includes('$DISCOVERY_ACCOUNT_ID');
    const hasDefault = fileOf(settings, 'cloudformation/member-role.yaml').includes('Default: ');

    expect(asks).toBe(settings.discoveryAccount === null);
    expect(hasDefault).toBe(settings.discoveryAccount !== null);
  },
);
