import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWorldFile } from '@muster/aws-sim/world/file';
import type { Plan } from '@muster/core/reports/plan/assemble';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';

const WORLD = fileURLToPath(
  new URL('../../packages/aws-sim/worlds/host-management-off.yaml', import.meta.url),
);
const [SHOP, SEARCH] = ['222222222222', '333333333333'] as const;

let system: MusterSystem;
afterEach(() => system.close());

/** The story without its timeline: here the test switches. */
async function startWorld(): Promise<void> {
  const { timeline: _, ...world } = readWorldFile(WORLD);
  system = await startSystem({ world: { world }, speed: 100 });
}

async function joined(count: number): Promise<void> {
  await eventually(
    `${count} hosts have joined`,
    async () => (await system.status()).instances.byState['joined'] === count,
    90_000,
  );
}

async function findingsOfSetting() {
  return (await system.status()).findings.filter(({ kind }) => kind === 'host-management-off');
}

async function plan(): Promise<Plan> {
  const { stdout } = await system.cli('plan', '--json');
  return JSON.parse(stdout) as Plan;
}

test('where Default Host Management is off is told once, and what switches it on wins the hosts without an act in Muster', async () => {
  await startWorld();
  await joined(12);

  const [finding, ...others] = await findingsOfSetting();
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ scope: 'all', count: 2 });
  expect(finding?.message).toContain('In 2 targets');
  expect(finding?.message).toContain('7 hosts there that Systems Manager does not manage');
  expect((await plan()).totals.hostManagement).toMatchObject({
    off: { targets: 2, hosts: 7, withoutProfile: 7 },
    on: { targets: 0 },
    unknown: { targets: 0 },
  });

  const folder = join(system.folder, 'dhmc');
  const written = await system.cli('init', 'dhmc', '--dir', folder);
  expect(written).toMatchObject({ code: 0, stderr: '' });
  const { targets } = JSON.parse(readFileSync(join(folder, 'targets.json'), 'utf8')) as {
    readonly targets: readonly { accountId: string; region: string; hosts: number }[];
  };
  expect(targets).toMatchObject([
    { accountId: SHOP, region: 'eu-west-1', hosts: 4 },
    { accountId: SEARCH, region: 'us-east-1', hosts: 3 },
  ]);
  expect(existsSync(join(folder, 'cloudformation/stackset.yaml'))).toBe(true);
  expect(await system.cli('init', 'dhmc', '--dir', folder)).toMatchObject({ code: 0 });

  for (const { accountId, region } of targets) {
    await system.aws.change({ op: 'set-host-management', accountId, region, on: true });
  }
  await joined(18);

  await eventually('the finding is gone', async () => (await findingsOfSetting()).length === 0);
  const { byCause } = (await system.status()).instances;
  expect(byCause['ec2-no-instance-profile']).toBe(1);
  expect(system.report()).toMatchObject({
    joined: 18,
    installs: { whileLive: 0, afterJoined: 0, perInstance: { 0: 1, 1: 18 } },
  });
});

test('a third of the targets lack it in the generated world of prerequisites, and there alone hosts are left', async () => {
  system = await startSystem({
    world: { scenario: 'prerequisites', accounts: 6, regions: 3, instances: 120, seed: 5 },
  });
  const status = await system.settled(120_000);

  const [finding, ...others] = await findingsOfSetting();
  const left = status.instances.total - (status.instances.byState['joined'] ?? 0);
  const { off, on } = (await plan()).totals.hostManagement;
  expect(others).toEqual([]);
  expect(off.targets).toBeGreaterThan(1);
  expect(finding?.count).toBe(off.targets);
  expect(off.hosts + on.hosts).toBe(left);
  expect(system.report()).toMatchObject({ installs: { whileLive: 0, afterJoined: 0 } });
});
