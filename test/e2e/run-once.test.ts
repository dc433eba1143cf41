import type { OrganizationStatus } from '@muster/core/reports/organization-status';
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
  // Longer than the five seconds after which an impatient caller gives up.
  await pause(7_000);
  process.kill(system.redis().pid, 'SIGCONT');

  const { code, stdout, stderr } = await run;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(refereeFaults(system.report(), statusIn(stdout))).toEqual([]);
});

/** Nodes that Teleport shows, by whether they carry a label that came from their EC2 tags. */
async function labeledNodes(): Promise<{ readonly labeled: number; readonly bare: number }> {
  const answer = await fetch(`${system.teleport.url}/_sim/tctl/get/node`);
  const nodes = (await answer.json()) as readonly { metadata: { labels?: Record<string, string> } }[];
  const labeled = nodes.filter(({ metadata }) => metadata.labels?.['aws/env'] === 'prod').length;
  return { labeled, bare: nodes.length - labeled };
}

test('run --once ends when the labels of its nodes are written, however slow that is', async () => {
  await prepare({});
  // Ten real seconds for a run of tctl, of which there is one at a time.
  system.teleport.setFaults({ resources: 'slow', slowMs: 400_000 });

  const { code, stdout, stderr } = await system.cli('run', '--once', '--json');

  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(statusIn(stdout).labels).toEqual({ waiting: 0 });
  expect(await labeledNodes()).toEqual({ labeled: 30, bare: 0 });
});

test('run --once does not wait for labels that Teleport does not let it write, and says how many are left', async () => {
  await prepare({});
  system.teleport.setFaults({ resources: 'denied' });

  const { code, stdout, stderr } = await system.cli('run', '--once', '--json');

  expect(code).toBe(0);
  expect(statusIn(stdout).labels).toEqual({ waiting: 30 });
  expect(statusIn(stdout).findings.map(({ kind }) => kind)).toEqual(['labels-denied']);
  expect(stderr).toContain('labels are left for a later run');
  expect(await labeledNodes()).toEqual({ labeled: 0, bare: 30 });
});
