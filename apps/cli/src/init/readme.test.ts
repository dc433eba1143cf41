import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { isHere, runChecker } from './command-here.fixture.ts';
import { EXAMPLES, exampleSettings, fileOf } from './example.fixture.ts';
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
      text.match(
        /(?<![\w/])(teleport|iam|cloudformation|ssm|systemd|compose|kubernetes)\/[\w.@/-]*[\w]\b/g,
      ) ?? [];

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

/** Stands for what a command before would have answered. */
const VARIABLES =
  "AUTH_ROLE=x ROOT_ID=r-ab12 REGIONS='us-east-1 eu-west-1' region=us-east-1 DISCOVERY_ACCOUNT_ID=111122223333";

/** Every call of the AWS CLI in the blocks, without what stands around it. */
function awsCommands(markdown: string): readonly string[] {
  const lines = shellBlocks(markdown).flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'));
  return lines
    .filter((line) => !line.startsWith('#'))
    .flatMap((line) => /\baws [a-z-]+ [a-z-]+.*?(?=\)?( >.*)?$)/.exec(line)?.[0] ?? []);
}

test.skipIf(!isHere('aws'))(
  'the AWS CLI takes every command, and gets as far as calling AWS (skipped where it is not installed)',
  { timeout: 180_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-readme-'));
    try {
      // The longest one: it asks for the account, and brings a document to every region.
      const settings = exampleSettings({ document: 'Installer' });
      for (const { path, content } of initFiles(settings)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), content);
      }
      const commands = new Set(awsCommands(fileOf(settings, 'README.md')));

      // No server listens on port 9: a command that was understood ends there.
      const env = {
        PATH: process.env['PATH'],
        HOME: folder,
        AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
        AWS_MAX_ATTEMPTS: '1',
        AWS_ACCESS_KEY_ID: 'x',
        AWS_SECRET_ACCESS_KEY: 'x',
        AWS_DEFAULT_REGION: 'us-east-1',
      };
      const misunderstood = [...commands].flatMap((command) => {
        const { stderr } = spawnSync('bash', ['-c', `${VARIABLES}; ${command}`], {
          cwd: folder,
          env,
          encoding: 'utf8',
        });
        return stderr.includes('Could not connect to the endpoint URL') ? [] : [`${command}\n${stderr}`];
      });

      expect(commands.size).toBeGreaterThan(12);
      expect(misunderstood).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
