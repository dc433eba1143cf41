import { parseWorld } from '@muster/aws-sim/world/file';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem, type SystemOptions } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { listHosts } from './simulated-commands.ts';

/** The brake as it comes, on first roll-outs: it lets a healthy fleet be, and stops an installer that is broken. */
let system: MusterSystem;

afterEach(() => system.close());

/** What is in flight at once: so few that the rest of the fleet waits while the first hosts end. */
const IN_FLIGHT = 150;
/** A ramp stops a broken installer at five hosts: what the brake does without it is seen when it is off. */
const NO_RAMP = { ramp: { off: true } };

async function rollOut(options: SystemOptions): Promise<void> {
  system = await startSystem({
    speed: 40,
    config: {
      muster: {
        limits: { installs_in_flight: IN_FLIGHT },
        install: { join_timeout: '1m' },
        rollout: NO_RAMP,
      },
    },
    ...options,
  });
}

/** Waits until the brake of a scope is engaged and nothing is in flight any more. */
async function braked(scope: string): Promise<OrganizationStatus> {
  return eventually(
    'the brake has stopped what it stops',
    async () => {
      const now = await system.status();
      const isEngaged = now.findings.some((one) => one.kind === 'brake-engaged' && one.scope === scope);
      return isEngaged && now.commands.live === 0 && (now.instances.byState['installed'] ?? 0) === 0
        ? now
        : null;
    },
    120_000,
  );
}

function brakes(status: OrganizationStatus): readonly string[] {
  return status.findings.filter(({ kind }) => kind === 'brake-engaged').map(({ scope }) => scope);
}

async function touched(): Promise<number> {
  return (await listHosts(system)).filter(({ installs }) => installs > 0).length;
}

test('a first roll-out of a fleet with its usual bad hosts leaves no healthy host queued', async () => {
  await rollOut({
    world: { accounts: 20, regions: 4, instances: 1_000, seed: 11, scenario: 'realistic' },
    config: {},
  });

  const status = await system.judged(240_000);

  expect(brakes(status)).toEqual([]);
  expect(status.instances.byState['failed']).toBeGreaterThan(20);
});

test.each([
  ['fails', 150, { installer: 'failing' }],
  // Hosts that are waited for hold their places: no other is sent to until the first deadline is over.
  ['installs hosts that never appear', 60, { inventory: 'empty' }],
] as const)(
  'an installer that %s everywhere stops everything before the fleet is touched',
  async (_, inFlight, faults) => {
    await rollOut({
      world: { accounts: 12, regions: 2, instances: 800, scenario: 'clean' },
      teleport: { faults },
      config: {
        muster: {
          limits: { installs_in_flight: inFlight },
          install: { join_timeout: '1m' },
          rollout: NO_RAMP,
        },
      },
    });

    const status = await braked('all');

    expect(brakes(status)).toEqual(['all']);
    expect(status.findings.find(({ kind }) => kind === 'brake-engaged')?.remedy).toContain(
      'muster resume --all.',
    );
    // The commands of five accounts, and what was in flight when they had ended.
    expect(await touched()).toBeLessThanOrEqual(500);
    expect(status.instances.byState['queued']).toBeGreaterThanOrEqual(300);
  },
);

test.each([
  ['fails', { installer: 'failing' }],
  ['installs hosts that never appear', { inventory: 'empty' }],
] as const)(
  'with the defaults an installer that %s everywhere touches five hosts, and after the fix one resume begins anew and goes on everywhere',
  async (_, faults) => {
    await rollOut({
      world: { accounts: 12, regions: 2, instances: 300, scenario: 'clean' },
      teleport: { faults },
      config: { muster: { install: { join_timeout: '1m' } } },
    });
    const stopped = await eventually(
      'the ramp has stopped',
      async () => {
        const now = await system.status();
        return now.findings.some(({ kind }) => kind === 'ramp-stopped') ? now : null;
      },
      120_000,
    );
    expect(stopped.rollout.ramps).toMatchObject([{ step: 1, sent: 5, failed: 5 }]);
    expect(brakes(stopped)).toEqual([]);
    expect(await touched()).toBe(5);

    system.teleport.setFaults({ installer: 'ok', inventory: 'ok' });
    expect((await system.cli('resume', '--all')).code).toBe(0);
    expect((await system.cli('retry', '--all')).code).toBe(0);

    const status = await system.judged(240_000);
    expect(status.instances.byState).toEqual({ joined: status.instances.total });
    expect(status.findings.filter(({ kind }) => kind === 'ramp-stopped')).toEqual([]);
  },
);

test('after the fix one resume goes on everywhere, and what was under way does not engage the brake again', async () => {
  await rollOut({
    world: { accounts: 12, regions: 2, instances: 300, scenario: 'clean' },
    teleport: { faults: { installer: 'failing' } },
  });
  await braked('all');
  system.teleport.setFaults({ installer: 'ok' });

  expect((await system.cli('resume', '--all')).code).toBe(0);
  expect((await system.cli('retry', '--all')).code).toBe(0);

  const status = await system.judged(120_000);
  expect(status.instances.byState).toEqual({ joined: status.instances.total });
  expect(brakes(status)).toEqual([]);
});

test('an account in which everything fails is stopped within its window, and a healthy host elsewhere goes on', async () => {
  const bad = '100000000001';
  const world = {
    name: 'one bad account',
    seed: 7,
    generate: { accounts: 6, regions: 2, instances: 200, scenario: 'realistic' },
    accounts: [
      { id: bad, instances: [{ region: 'us-east-1', count: 200, outcome: { kind: 'exits', exitCode: 1 } }] },
    ],
  };
  await rollOut({
    world: { world: parseWorld(JSON.stringify(world), 'one bad account') },
    config: { muster: { limits: { installs_in_flight_per_account: 50 }, rollout: NO_RAMP } },
  });

  await braked(`account:${bad}`);
  const others = (await listHosts(system)).filter(({ account }) => account !== bad);
  await eventually(
    'every other host has ended',
    async () => {
      const { sweep, instances } = await system.status();
      const isUnderWay = ['discovered', 'sending', 'installing', 'installed'].some(
        (state) => instances.byState[state],
      );
      return sweep.state === 'finished' && !isUnderWay;
    },
    120_000,
  );

  const status = await system.status();
  expect(brakes(status)).toEqual([`account:${bad}`]);
  const hosts = await listHosts(system);
  const badHosts = hosts.filter(({ account, installs }) => account === bad && installs > 0).length;
  // Its window of fifty, and what was in flight when it was full.
  expect(badHosts).toBeLessThanOrEqual(100);
  expect(system.report().joined).toBeGreaterThan(0.8 * others.length);
  expect(status.instances.byState['queued']).toBe(200 - badHosts);
});
