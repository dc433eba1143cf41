import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const ENTRY = fileURLToPath(new URL('../../bin/muster.js', import.meta.url));
const REQUIRED = ['--organization', 'o-a1b2c3d4e5', '--proxy', 'teleport.example.com:443', '--dir', 'out'];

// Each test starts processes: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 30_000 });

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-init-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function init(...args: readonly string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, 'init', ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 15_000,
    env: { PATH: process.env['PATH'] },
  });
  return { code: status, stdout, stderr };
}

function read(path: string): string {
  return readFileSync(join(folder, 'out', path), 'utf8');
}

function snapshot(): Record<string, string> {
  const names = readdirSync(join(folder, 'out'), { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    names
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path, readFileSync(path, 'utf8')];
      }),
  );
}

test('organization, proxy and folder are enough; the second time changes nothing, the external id neither', () => {
  const first = init(...REQUIRED);
  const before = snapshot();
  const second = init(...REQUIRED);

  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(second).toMatchObject({ code: 0, stderr: '' });
  expect(second.stdout).not.toContain('written');
  expect(snapshot()).toEqual(before);
  expect(read('muster.yaml')).toMatch(/external_id: "muster-[0-9a-f]{32}"/);
});

test('the marker key is random, readable by its owner alone, and never replaced, not even by --force', () => {
  init(...REQUIRED);
  const key = read('marker.key');

  const { code, stdout } = init(...REQUIRED, '--tag', 'env=prod', '--force');

  expect(code).toBe(0);
  expect(stdout).not.toContain(key.trim());
  expect(key).toMatch(/^[0-9a-f]{64}\n$/);
  expect(read('marker.key')).toBe(key);
  expect(statSync(join(folder, 'out/marker.key')).mode & 0o777).toBe(0o600);
  expect(read('muster.yaml')).toContain('marker_key_file: marker.key');
  init(...REQUIRED.slice(0, -1), 'other');
  expect(readFileSync(join(folder, 'other/marker.key'), 'utf8')).not.toBe(key);
});

test('two organizations get two external ids', () => {
  init(...REQUIRED);
  init(...REQUIRED.slice(0, -1), 'other');

  const ids = ['out', 'other'].map(
    (dir) => /external_id: .*/.exec(readFileSync(join(folder, dir, 'muster.yaml'), 'utf8'))?.[0],
  );

  expect(new Set(ids).size).toBe(2);
});

test('a file that was changed is not replaced, and nothing else is written either', () => {
  init(...REQUIRED);
  writeFileSync(join(folder, 'out/muster.yaml'), `${read('muster.yaml')}# mine\n`);
  rmSync(join(folder, 'out/README.md'));
  const before = snapshot();

  const { code, stderr } = init(...REQUIRED);

  expect(code).toBe(1);
  expect(stderr).toBe(
    'nothing was written\n  out/muster.yaml is there and different (--force replaces it)\n',
  );
  expect(snapshot()).toEqual(before);
});

test('--force replaces it and keeps the external id', () => {
  init(...REQUIRED);
  const id = /external_id: .*/.exec(read('muster.yaml'))?.[0] ?? 'none';

  const { code, stdout } = init(...REQUIRED, '--tag', 'env=prod', '--force');

  expect(code).toBe(0);
  expect(stdout).toContain('written  out/muster.yaml');
  expect(stdout).toContain('same     out/teleport/token.yaml');
  expect(read('muster.yaml')).toContain(id);
  expect(read('muster.yaml')).toContain('"env": "prod"');
});

test('--only writes that file: the token is brought up to date beside a configuration that was edited', () => {
  init(...REQUIRED);
  writeFileSync(join(folder, 'out/muster.yaml'), `${read('muster.yaml')}# mine\n`);
  writeFileSync(join(folder, 'accounts.txt'), '111122223333\t444455556666\n');

  const { code } = init(
    ...REQUIRED,
    '--token-accounts',
    'accounts.txt',
    '--only',
    'teleport/token.yaml',
    '--force',
  );

  expect(code).toBe(0);
  expect(read('teleport/token.yaml')).toContain('- aws_account: "444455556666"');
  expect(read('muster.yaml')).toContain('# mine');
});

test('the document that the configuration in the folder names goes on, whatever the default is', () => {
  init(...REQUIRED, '--document', 'AWS-RunShellScript');

  const again = init(...REQUIRED);
  const changed = init(...REQUIRED, '--document', 'MusterInstaller', '--force');

  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect(again.stdout).not.toContain('written');
  expect(changed.code).toBe(0);
  expect(read('muster.yaml')).toContain('document_name: MusterInstaller');
  expect(read('iam/member-policy.json')).toContain('document/MusterInstaller');
});

/** Files that say what the workers may read of the organization. */
const ORGANIZATION_READS = [
  'iam/discovery-policy.json',
  'iam/organization-policy.json',
  'cloudformation/discovery-role.yaml',
  'terraform/discovery/main.tf',
];

function readingTags(): readonly string[] {
  return ORGANIZATION_READS.filter((path) => read(path).includes('organizations:ListTagsForResource'));
}

test('reading the tags of accounts is allowed exactly where the configuration asks for them', () => {
  const known = [...REQUIRED, '--discovery-account', '111122223333'];
  init(...known);
  expect(readingTags()).toEqual([]);

  init(...known, '--account-tag', 'stage=prod', '--force');
  expect(readingTags()).toEqual(ORGANIZATION_READS);
  expect(read('muster.yaml')).toContain('"stage": "prod"');

  init(...known, '--force');
  expect(readingTags()).toEqual([]);
});

test('account tags that came into the configuration by hand count for the files that are written beside it', () => {
  const known = [...REQUIRED, '--discovery-account', '111122223333'];
  init(...known);
  const byHand = read('muster.yaml').replace(
    '- types: [ec2]',
    '- exclude_account_tags: {muster: "off"}\n      types: [ec2]',
  );
  writeFileSync(join(folder, 'out/muster.yaml'), byHand);

  const { code } = init(...known, ...ORGANIZATION_READS.flatMap((path) => ['--only', path]), '--force');

  expect(code).toBe(0);
  expect(readingTags()).toEqual(ORGANIZATION_READS);
  expect(read('muster.yaml')).toBe(byHand);
});

test('all faults are said at once, with exit code 64, and nothing is written', () => {
  const { code, stderr } = init(
    '--proxy',
    'nohost',
    '--token-accounts',
    'missing.txt',
    '--region',
    'x',
    '--dir',
    'out',
  );

  expect(code).toBe(64);
  expect(stderr.split('\n').map((line) => /^muster init: (--[\w-]+)/.exec(line)?.[1])).toEqual([
    '--token-accounts',
    '--region',
    '--organization',
    '--proxy',
    undefined,
  ]);
  expect(existsSync(join(folder, 'out'))).toBe(false);
});

test('a file of accounts with a slip in it is refused with its line', () => {
  writeFileSync(join(folder, 'accounts.txt'), '111122223333\n44445555666\n');

  const { code, stderr } = init(...REQUIRED, '--token-accounts', 'accounts.txt');

  expect(code).toBe(64);
  expect(stderr).toBe('muster init: --token-accounts line 2: "44445555666" is no account id (12 digits)\n');
});

test('a configuration that cannot be read does not lose the external id of roles that are deployed', () => {
  init(...REQUIRED);
  writeFileSync(join(folder, 'out/muster.yaml'), 'version: [');

  const { code, stderr } = init(...REQUIRED, '--force');

  expect(code).toBe(64);
  expect(stderr).toContain('--external-id is missing, and out/muster.yaml cannot be read for it');
});

test.runIf(process.platform === 'linux')('a place that takes no folder is told at once', () => {
  const { code, stderr } = init(...REQUIRED.slice(0, -1), '/proc/muster-init/deep');

  expect(code).toBe(1);
  expect(stderr).toMatch(/^nothing was written: --dir \/proc\/muster-init\/deep: ENOENT.*\n$/);
});

test('a list of accounts that cannot end is not waited for', () => {
  const { code, stderr } = init(...REQUIRED, '--token-accounts', '/dev/zero');

  expect(code).toBe(64);
  expect(stderr).toContain('--token-accounts /dev/zero: is a device, not a file');
});

test('init dhmc says what is wrong with its own options before it asks Redis for anything', () => {
  const { code, stderr } = init('dhmc', '--management-account', '12');

  expect(code).toBe(64);
  expect(stderr.split('\n').slice(0, 2)).toEqual([
    'muster init dhmc: --dir is missing: the folder to write to',
    'muster init dhmc: --management-account "12": an AWS account id has 12 digits',
  ]);
});
