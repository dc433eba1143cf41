import type { OrganizationStatus } from '@muster/core/ledger/organization-status';
import { eventually, pause } from '@muster/testing/eventually';
import { type MusterSystem, startSystem, type SystemOptions } from '@muster/testing/muster-system';
import { refereeFaults } from '@muster/testing/referee';
import { afterEach, expect, test } from 'vitest';

let system: MusterSystem;

async function prepare(world: SystemOptions['world']): Promise<void> {
  system = await startSystem({
    world: { accounts: 3, regions: 2, instances: 30, ...world },
    schedulers: 0,
    workers: 0,
  });
}

afterEach(() => system.close());

function statusIn(stdout: string): OrganizationStatus {
  // Nothing else is on standard output.
  return JSON.parse(stdout) as OrganizationStatus;
}

test('run --once ends with 0 when everything was read', async () => {
  await prepare({});

  const { code, stdout, stderr } = await system.cli('run', '--once', '--json');

  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(refereeFaults(system.report(), statusIn(stdout))).toEqual([]);
  expect(statusIn(stdout).sweep.verdict).toBe('complete');
});

test('run --once ends with 2 when an account is denied, and the others are enrolled', async () => {
  await prepare({});
  const accountId = system.aws.world.accounts.at(-1)?.id ?? '';
  await system.aws.change({ op: 'set-role', accountId, role: 'missing' });

  const { code, stdout, stderr } = await system.cli('run', '--once', '--json');

  expect({ code, stderr }).toMatchObject({ code: 2 });
  expect(refereeFaults(system.report(), statusIn(stdout))).toEqual([]);
  expect(statusIn(stdout).sweep).toMatchObject({
    verdict: 'partial',
    accounts: { denied: 1 },
    targets: { denied: 1 },
  });
});

test('run --once ends with 1 when the organization cannot be listed, and says so', async () => {
  await prepare({ settings: { access: { deniedDiscoveryActions: ['organizations:*'] } } });

  const { code, stdout, stderr } = await system.cli('run', '--once', '--json');

  expect({ code, stderr }).toMatchObject({ code: 1 });
  expect(statusIn(stdout).sweep.verdict).toBe('failed');
  expect(statusIn(stdout).findings.map((finding) => finding.kind)).toContain('account-list-failed');
});

test('run --once sits out a Redis that does not answer for a while', async () => {
  await prepare({ instances: 60 });
  const run = system.cli('run', '--once', '--json');
  await eventually('installs are under way', () => system.report().commands.sent > 0, 120_000);

  process.kill(system.redis().pid, 'SIGSTOP');
  // Longer than the patience of whoever is not patient: five seconds.
  await pause(7_000);
  process.kill(system.redis().pid, 'SIGCONT');

  const { code, stdout, stderr } = await run;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(refereeFaults(system.report(), statusIn(stdout))).toEqual([]);
});
