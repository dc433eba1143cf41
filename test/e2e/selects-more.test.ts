import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseWorld } from '@muster/aws-sim/world/file';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { type ConfigPart, organizationMatcher } from '@muster/testing/system-config';
import { afterEach, expect, test } from 'vitest';
import { listCommands } from './simulated-commands.ts';

/** A file that is changed while Muster runs, so that its matcher takes every host of the organization. */
let system: MusterSystem;

afterEach(() => system.close());

const [FIRST, SECOND] = ['111122223333', '444455556666'] as const;

/** An organization in which so many hosts carry the matcher's tags, and so many others do not. */
async function startWith(selected: number, others: number): Promise<void> {
  const instances = (from: number, other: number): object[] => [
    { region: 'eu-west-1', count: from },
    { region: 'eu-west-1', count: other, tags: { team: 'x' } },
  ];
  const world = {
    name: 'two kinds of hosts',
    regions: ['eu-west-1'],
    accounts: [
      { id: '999988887777' },
      { id: FIRST, instances: instances(selected - 1, others - 1) },
      { id: SECOND, instances: instances(1, 1) },
    ],
  };
  system = await startSystem({ world: { world: parseWorld(JSON.stringify(world), 'world') }, workers: 2 });
  await joinedAre(selected);
}

async function joinedAre(count: number, withinMs = 120_000): Promise<void> {
  await eventually(
    `${count} hosts have joined`,
    async () => (await system.status()).instances.byState['joined'] === count,
    withinMs,
  );
}

const allHosts = (): ConfigPart => ({
  discovery_service: { aws: [{ ...organizationMatcher(system.facts), tags: { '*': '*' } }] },
});

async function hostsSentTo(): Promise<number> {
  const commands = await listCommands(system);
  return new Set(commands.flatMap(({ invocations }) => invocations.map(({ instanceId }) => instanceId))).size;
}

async function heldChange(): Promise<string | null> {
  const { findings } = await system.status();
  return findings.find(({ kind }) => kind === 'change-held')?.message ?? null;
}

test('a selector that is widened to the whole organization sends nothing before an operator approves it', async () => {
  await startWith(6, 90);

  const [old, next] = ['old.yaml', 'new.yaml'].map((name) => join(system.folder, name)) as [string, string];
  copyFileSync(system.configFile, old);
  system.configure(allHosts());
  copyFileSync(system.configFile, next);
  await eventually('it is asked for', async () => (await heldChange()) !== null, 60_000);

  const diff = await system.cli('config', 'diff', old, next);
  expect(diff.code).toBe(2);
  expect(diff.stdout).toContain('the new file adds 90 hosts, drops 0, hands 6 over');
  expect(await heldChange()).toContain(
    `adds 90 hosts in 2 accounts (${FIRST}: 89, ${SECOND}: 1) to the 6 that were selected before.`,
  );
  // A host of the kind that was selected before goes on.
  await system.aws.change({
    op: 'launch-instances',
    accountId: FIRST,
    instance: { region: 'eu-west-1', ssm: { registersAfterMs: 0 } },
  });
  await joinedAre(7);
  expect(await hostsSentTo()).toBe(7);
  const { waits } = await system.status();
  expect(waits).toMatchObject([{ reason: 'change', instances: 90 }]);
  const [waiting] = (await system.cli('instances', '--state', 'queued', '--json')).stdout.split('\n');
  const { instanceId } = JSON.parse(waiting ?? '') as { instanceId: string };
  expect((await system.cli('explain', instanceId)).stdout).toContain('muster approve change');

  const approved = await system.cli('approve', 'change', '--yes');
  expect(approved.stderr).toContain('90 hosts in 2 accounts');
  await joinedAre(97);

  expect(await heldChange()).toBeNull();
  expect(system.report().installs).toMatchObject({ whileLive: 0, afterJoined: 0 });
});

test('a change that adds 3 hosts to 100 goes on by itself after one sweep', async () => {
  await startWith(100, 3);

  system.configure(allHosts());
  await joinedAre(103);

  expect(await heldChange()).toBeNull();
  expect(await system.ledger.selection.held()).toBeNull();
});

test('config diff says by EC2 what the ledger cannot know, and names the faults of either file', async () => {
  await startWith(4, 10);
  const [old, team, broken] = ['old.yaml', 'team.yaml', 'broken.yaml'].map((name) =>
    join(system.folder, name),
  ) as [string, string, string];
  copyFileSync(system.configFile, old);
  system.configure({
    muster: { paused: true },
    discovery_service: { aws: [{ ...organizationMatcher(system.facts), tags: { team: 'x' } }] },
  });
  copyFileSync(system.configFile, team);
  system.configure({ muster: { limit: {} } });
  copyFileSync(system.configFile, broken);
  copyFileSync(old, system.configFile);

  const byLedger = await system.cli('config', 'diff', old, team);
  const byEc2 = await system.cli('config', 'diff', old, team, '--local', '--json');
  const faulty = await system.cli('config', 'diff', old, broken);
  const same = await system.cli('config', 'diff', old, old);

  expect(byLedger.stdout).toContain('adds 0 hosts, drops 0');
  expect(byLedger.stdout).toContain('of 14 hosts only a scan can tell');
  expect([byLedger.code, byEc2.code]).toEqual([2, 2]);
  expect(JSON.parse(byEc2.stdout)).toMatchObject({
    adds: 10,
    drops: 4,
    unknown: 0,
    notRead: 0,
    notKnown: [],
  });
  expect(faulty.code).toBe(78);
  expect(faulty.stderr).toMatch(/broken\.yaml:\d+:\d+ muster\.limit: unknown key/);
  expect([same.code, same.stdout.split('\n').length]).toEqual([0, 2]);
});

test('the old file, put back, ends a change that is held, also by a restart', async () => {
  await startWith(4, 80);
  system.configure(allHosts());
  await eventually('it is asked for', async () => (await heldChange()) !== null, 60_000);

  await system.stop();
  system.configure({});
  for (const kind of ['scheduler', 'worker', 'worker'] as const) system.start(kind);
  await eventually('it is asked for no more', async () => (await heldChange()) === null, 60_000);
  await eventually(
    'the others are left alone',
    async () => (await system.status()).instances.byState['unmatched'] === 80,
    60_000,
  );

  expect(await hostsSentTo()).toBe(4);
});
