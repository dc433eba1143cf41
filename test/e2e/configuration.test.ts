import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  baseEnvironment,
  type CommandResult,
  MUSTER_ENTRY,
  runProgram,
} from '@muster/testing/supervised-process';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function muster(...args: string[]): Promise<CommandResult> {
  return runProgram([MUSTER_ENTRY, ...args], { env: baseEnvironment(), cwd: folder });
}

const BROKEN = `version: v3
discovery_service:
  enabled: true
  discovery_grp: simulated
  aws:
    - types: ["ec2"]
      region: ["*"]
      assume_role_name: some-role
      organization:
        organization_id: o-abc
muster:
  limits:
    installs_in_flight: many
`;

test.each(['config check', 'worker', 'scheduler', 'run --once', 'status'])(
  'a broken file ends `muster %s` with 78 and all of its faults',
  async (command) => {
    const file = join(folder, 'broken.yaml');
    writeFileSync(file, BROKEN);

    const { code, stderr } = await muster('--config', file, ...command.split(' '));

    expect(code).toBe(78);
    for (const place of [':4:', ':7:', ':10:', ':13:']) expect(stderr).toContain(`broken.yaml${place}`);
    expect(stderr).toContain('discovery_group');
    expect(stderr).toContain('regions');
  },
);

test('a file that is not there is one message that says what to do', async () => {
  const { code, stderr } = await muster('worker');

  expect(code).toBe(78);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/muster\.yaml.* does not exist: .*MUSTER_CONFIG/);
});

test('a wrong command line ends with 64', async () => {
  expect((await muster('frobnicate')).code).toBe(64);
  expect((await muster('pause', '--account', '12')).code).toBe(64);
});
