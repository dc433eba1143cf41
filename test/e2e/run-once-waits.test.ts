import { parseWorld } from '@muster/aws-sim/world/file';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';
import { type MusterSystem, startSystem, type SystemOptions } from '@muster/testing/muster-system';
import { refereeFaults } from '@muster/testing/referee';
import { afterEach, expect, test } from 'vitest';

/** A run that ends by itself ends also when hosts wait for a person, and says which, for what, and what to do. */
let system: MusterSystem;

afterEach(() => system.close());

async function prepare(options: SystemOptions = {}): Promise<void> {
  system = await startSystem({
    world: { accounts: 3, regions: 2, instances: 30 },
    schedulers: 0,
    workers: 0,
    ...options,
  });
}

interface OnceStatus extends OrganizationStatus {
  readonly waiting: readonly {
    readonly reason: string;
    readonly scope: string;
    readonly instances: number;
    readonly until: string | null;
    readonly message: string;
    readonly remedy: string;
  }[];
}

async function runOnce(): Promise<{
  readonly code: number | null;
  readonly status: OnceStatus;
  readonly stderr: string;
}> {
  const { code, stdout, stderr } = await system.cli('run', '--once', '--json');
  expect(stdout, stderr).not.toBe('');
  return { code, status: JSON.parse(stdout) as OnceStatus, stderr };
}

test('under muster.paused it reads everything, sends nothing, and ends with 2', async () => {
  await prepare({ config: { muster: { paused: true } } });

  const { code, status, stderr } = await runOnce();

  expect(code).toBe(2);
  expect(status.waiting).toEqual([
    {
      reason: 'paused-by-configuration',
      scope: 'all',
      instances: system.report().readableInstances,
      until: null,
      message: 'wait because muster.paused is true',
      remedy: 'Set muster.paused to false and run it again.',
    },
  ]);
  expect(status.sweep.verdict).toBe('complete');
  expect(stderr).toContain('"msg":"hosts wait"');
  expect(system.report().commands.sent).toBe(0);
});

test('under the hold it ends with 2, and after the resume the next run enrolls every host', async () => {
  await prepare({ config: { muster: { limits: { hold_first_send: true } } } });
  const held = await system.cli('run', '--once');
  expect(held.code).toBe(2);
  expect(held.stdout).toMatch(
    /Hosts that wait:\n +30 {2}wait because nothing is sent before an operator says so/,
  );
  expect(held.stdout).toContain('muster resume --all, and run it again');

  await system.cli('resume', '--all');
  const { code, status } = await runOnce();

  expect(code).toBe(0);
  expect(status.waiting).toEqual([]);
  expect(refereeFaults(system.report(), status)).toEqual([]);
});

test('with a paused account it enrolls the others and ends with 2', async () => {
  await prepare({ config: { muster: { limits: { hold_first_send: true } } } });
  const accountId = system.aws.world.accounts.at(-1)?.id ?? '';
  // An account can be paused once it is known.
  await system.cli('run', '--once');
  expect(await system.cli('pause', '--account', accountId, '--reason', 'a freeze')).toMatchObject({
    code: 0,
  });
  await system.cli('resume', '--all');

  const { code, status } = await runOnce();

  expect(code).toBe(2);
  expect(status.waiting).toMatchObject([
    { reason: 'paused', scope: `account:${accountId}`, instances: status.instances.byState['queued'] },
  ]);
  expect(status.waiting[0]?.remedy).toContain(`muster resume --account ${accountId}`);
  const queued = status.instances.byState['queued'] ?? 0;
  const joined = 30 - queued;
  expect({ byState: status.instances.byState, joined: system.report().joined }).toEqual({
    byState: { queued, joined },
    joined,
  });
});

/** An account whose every host fails, beside two that are well. */
const failing = { kind: 'exits', exitCode: 1, durationMs: 1_000 };
const bad = '100000000001';
const badAccount = {
  name: 'bad-account',
  accounts: [
    { id: '100000000000' },
    { id: bad, instances: [{ region: 'us-east-1', count: 60, outcome: failing }] },
    { id: '100000000002', instances: [{ region: 'us-east-1', count: 10 }] },
  ],
};

test('when the default ramp has stopped, it ends with 2 and says so, and few hosts were touched', async () => {
  await prepare({ world: { world: parseWorld(JSON.stringify(badAccount), 'bad-account') } });

  const { code, status } = await runOnce();

  expect(code).toBe(2);
  expect(status.waiting.map(({ reason }) => reason)).toContain('ramp');
  expect(status.findings.map(({ kind }) => kind)).toContain('ramp-stopped');
  expect(status.instances.byState['failed']).toBeLessThanOrEqual(15);
});

// Without the ramp, which would stop before the brake has a window to judge.
test('when the default brake has stopped an account, it ends with 2 and says so', async () => {
  await prepare({
    world: { world: parseWorld(JSON.stringify(badAccount), 'bad-account') },
    config: {
      muster: { limits: { installs_in_flight_per_target: 20 }, rollout: { ramp: { off: true } } },
    },
  });

  const { code, status } = await runOnce();

  expect(code).toBe(2);
  expect(status.waiting).toMatchObject([{ reason: 'brake', scope: `account:${bad}` }]);
  expect(status.findings.map(({ kind, scope }) => `${kind} ${scope}`)).toContain(
    `brake-engaged account:${bad}`,
  );
  expect(status.instances.byState).toMatchObject({ joined: 10 });
  // It was engaged within its window of fifty.
  expect(status.instances.byState['failed']).toBeLessThanOrEqual(40);
});

test('when the inventory cannot be read it does not wait for ever', async () => {
  await prepare();
  system.teleport.setFaults({ inventory: 'denied' });

  const { code, status } = await runOnce();

  expect(code).toBe(2);
  expect(status.waiting).toMatchObject([{ reason: 'inventory', scope: 'all', instances: 30 }]);
  expect(status.waiting[0]?.message).toContain('wait because the node inventory was never read');
});
