import { parseWorld } from '@muster/aws-sim/world/file';
import { eventually, pause } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { listCommands, listHosts } from './simulated-commands.ts';

let system: MusterSystem;

afterEach(() => system.close());

test('a first run sends nothing until an operator resumes it, and then not to an account that is paused', async () => {
  system = await startSystem({ config: { muster: { limits: { hold_first_send: true } } } });
  const held = await eventually('the hold is reported', async () => {
    const now = await system.status();
    const isHeld = now.findings.some((finding) => finding.kind === 'hold-first-send');
    return isHeld && now.sweep.state === 'finished' ? now : null;
  });
  expect(held.instances.byState).toEqual({ queued: system.report().readableInstances });
  expect(system.report().commands.sent).toBe(0);
  const accountId = system.aws.world.accounts[1]?.id ?? '';
  const elsewhere = (await listHosts(system)).filter((host) => host.account !== accountId).length;

  expect((await system.cli('pause', '--account', accountId)).code).toBe(0);
  expect((await system.cli('resume', '--all')).code).toBe(0);

  await eventually('every other host has joined', () => system.report().joined === elsewhere);
  const touched = (await listHosts(system)).filter((host) => host.account === accountId && host.installs > 0);
  expect(touched).toEqual([]);

  expect((await system.cli('resume', '--account', accountId)).code).toBe(0);

  const status = await system.judged();
  expect(status.instances.byState).toEqual({ joined: status.instances.total });
});

test('after a pause no send starts, what is under way is followed to its end, and a resume goes on', async () => {
  system = await startSystem({
    world: { accounts: 6, regions: 2, instances: 240 },
    workers: 2,
    config: { muster: { limits: { installs_in_flight: 40 } } },
  });
  await eventually('installs are under way', () => system.report().commands.sent > 3);

  await system.cli('pause', '--all', '--reason', 'a test');
  const pausedAtMs = Date.now();

  await eventually('what was under way has ended', () => system.report().commands.live === 0);
  // Nothing happens for a while: that can only be seen by waiting.
  await pause(3_000);
  const requestedAtMs = (await listCommands(system)).map((command) => Date.parse(command.requestedAt));
  expect(Math.max(...requestedAtMs) - pausedAtMs).toBeLessThan(2_000);
  expect(system.report().joined).toBeLessThan(240);

  await system.cli('resume', '--all');

  const status = await system.judged();
  expect(status.instances.byState).toEqual({ joined: 240 });
});

test('the caps on installs in flight hold in the organization, in each account and in each target', async () => {
  const caps = { all: 24, account: 10, target: 6 };
  system = await startSystem({
    world: { accounts: 5, regions: 2, instances: 150 },
    workers: 2,
    config: {
      muster: {
        limits: {
          installs_in_flight: caps.all,
          installs_in_flight_per_account: caps.account,
          installs_in_flight_per_target: caps.target,
        },
      },
    },
  });
  const most = { all: 0, account: 0, target: 0 };

  await eventually(
    'all have joined',
    async () => {
      const sums = {
        all: new Map<string, number>(),
        account: new Map<string, number>(),
        target: new Map<string, number>(),
      };
      for (const { account, region, invocations } of await listCommands(system)) {
        const live = invocations.filter((invocation) => invocation.endedAt === null).length;
        for (const [scope, key] of [
          ['all', ''],
          ['account', account],
          ['target', `${account}.${region}`],
        ] as const) {
          sums[scope].set(key, (sums[scope].get(key) ?? 0) + live);
          most[scope] = Math.max(most[scope], sums[scope].get(key) ?? 0);
        }
      }
      return system.report().joined === 150;
    },
    60_000,
  );

  expect(most.all).toBeLessThanOrEqual(caps.all);
  expect(most.account).toBeLessThanOrEqual(caps.account);
  expect(most.target).toBeLessThanOrEqual(caps.target);
  // The caps were felt: otherwise this test would say nothing.
  expect(most.all).toBeGreaterThan(caps.account);
  await system.judged();
});

test('an account whose hosts all fail is stopped, the others are not, and a resume goes on', async () => {
  const bad = '100000000001';
  const good = '100000000002';
  const failing = { kind: 'exits', exitCode: 1, stderr: 'no space', durationMs: 60_000 };
  const world = {
    name: 'brake',
    accounts: [
      { id: bad, instances: [{ region: 'us-east-1', count: 60, outcome: failing }] },
      {
        id: good,
        instances: ['us-east-1', 'us-west-2', 'eu-west-1'].map((region) => ({
          region,
          count: 10,
          outcome: { kind: 'joins', durationMs: 1_000 },
        })),
      },
    ],
  };
  system = await startSystem({
    world: { world: parseWorld(JSON.stringify(world), 'brake') },
    config: {
      muster: {
        brake: { enabled: true, window: 50, min_outcomes: 10 },
        limits: { installs_in_flight_per_target: 10 },
        // Of two accounts a ramp cannot tell the broken one from a broken installer, and stops before the brake does.
        rollout: { ramp: { off: true } },
      },
    },
  });

  const braked = await eventually('the account is stopped', async () => {
    const now = await system.status();
    return now.findings.some((finding) => finding.kind === 'brake-engaged') && now.commands.live === 0
      ? now
      : null;
  });

  // Hosts that fail alike are told besides.
  const told = braked.findings.filter(({ kind }) => kind !== 'failing-alike');
  expect(told.map(({ kind, scope }) => `${kind} ${scope}`)).toEqual([`brake-engaged account:${bad}`]);
  await eventually('the others have joined', () => system.report().joined === 30);
  const attempts = async (): Promise<number> =>
    (await listHosts(system)).filter((host) => host.account === bad && host.installs > 0).length;
  expect(await attempts()).toBeLessThanOrEqual(20);

  const before = await attempts();
  await system.cli('resume', '--account', bad);
  await eventually('it is tried again', async () => (await attempts()) > before);
});
