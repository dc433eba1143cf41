import type { OrganizationStatus } from '@muster/core/reports/organization-status';
import type { Plan } from '@muster/core/reports/plan/assemble';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem, type SystemOptions } from '@muster/testing/muster-system';
import {
  type CommandResult,
  MUSTER_ENTRY,
  runProgram,
  type SupervisedProcess,
} from '@muster/testing/supervised-process';
import { afterEach, describe, expect, test } from 'vitest';

let system: MusterSystem;
afterEach(() => system.close());

/** Without a scheduler nothing begins by itself: workers answer the plan and do nothing else. */
async function start(options: SystemOptions): Promise<void> {
  system = await startSystem({ schedulers: 0, workers: 0, ...options });
}

async function withWorker<T>(use: () => Promise<T>): Promise<T> {
  const worker: SupervisedProcess = system.start('worker');
  await eventually('the worker is connected', async () =>
    String(await system.redisCall('CLIENT', 'LIST')).includes('name=muster-worker-producer '),
  );
  try {
    return await use();
  } finally {
    worker.signal('SIGTERM');
    await worker.ended;
  }
}

async function plan(...args: string[]): Promise<{ code: number | null; plan: Plan }> {
  const { code, stdout } = await system.cli('plan', '--json', ...args);
  return { code, plan: JSON.parse(stdout) as Plan };
}

/** Hosts that are lost are given up a minute after their command has expired, in real time. */
function runOnce(): Promise<CommandResult> {
  return runProgram([MUSTER_ENTRY, 'run', '--once', '--json'], { env: system.env, timeoutMs: 200_000 });
}

function sentInstances(): number {
  const { perInstance } = system.report().installs;
  return Object.entries(perInstance).reduce((sum, [times, hosts]) => (times === '0' ? sum : sum + hosts), 0);
}

describe.each([
  ['clean', { scenario: 'clean', accounts: 5, regions: 3, instances: 120, seed: 3 }],
  ['realistic', { scenario: 'realistic', accounts: 10, regions: 3, instances: 250, seed: 11 }],
] as const)('in a %s world', (scenario, world) => {
  test('the plan says what a run then does', { timeout: 240_000 }, async () => {
    await start({ world });

    const before = await withWorker(() => plan());

    // Nothing was called but what reads, nothing was sent and nothing recorded.
    const called = Object.keys(system.report().calls);
    expect(called.filter((api) => !/:(List|Describe|Get)\w+$|^sts:AssumeRole$/.test(api))).toEqual([]);
    expect(system.report().calls['ssm:SendCommand']).toBeUndefined();
    expect(await system.ledger.enrollments.keptTargets()).toEqual([]);
    expect(await system.ledger.coverage.accountIds()).toEqual([]);
    const { counts, ineligibleByCause } = before.plan.totals;
    expect(counts).toMatchObject({ joined: 0, inProgress: 0, retryLater: 0 });

    const run = await runOnce();

    const status = JSON.parse(run.stdout.trimEnd().split('\n').at(-1) ?? '') as OrganizationStatus;
    expect(before.code).toBe(run.code);
    expect(before.plan.verdict).toBe(status.sweep.verdict);
    expect(sentInstances()).toBe(counts.install);
    // While the ramp runs, a command has fewer hosts than the plan's full batches.
    expect(system.report().calls['ssm:SendCommand']?.ok).toBeGreaterThanOrEqual(
      before.plan.estimate.firstRun.calls['ssm:SendCommand'] ?? 1,
    );
    expect(status.instances.total).toBe(counts.install + counts.ineligible);
    expect(status.instances.byCause).toMatchObject(ineligibleByCause);
    const { denied, regionOff, complete } = status.sweep.targets;
    const readings = before.plan.accounts.flatMap((account) => account.targets);
    expect(before.plan.unread).toHaveLength(denied);
    expect(readings.filter((target) => target.status === 'complete')).toHaveLength(complete);
    expect(readings.filter((target) => target.status === 'regionOff')).toHaveLength(regionOff);

    const after = await withWorker(() => plan());

    const { joined = 0, failed = 0 } = status.instances.byState;
    expect(after.plan.totals.counts).toMatchObject({ install: 0, joined, retryLater: failed });
    // A world in which one of the kinds is missing would show nothing about it.
    const kinds =
      scenario === 'clean' ? [joined] : [joined, failed, counts.ineligible, counts.stopped, denied];
    expect(Math.min(...kinds)).toBeGreaterThan(0);
  });
});

test('plan --local says the same without workers and Redis, and every sum holds', async () => {
  await start({ world: { scenario: 'realistic', accounts: 12, regions: 3, instances: 200, seed: 4 } });
  const byWorkers = await withWorker(() => plan());
  await system.redis().stop();

  const here = await plan('--local');

  expect(here.plan.ranBy).toBe('local');
  expect(here.code).toBe(byWorkers.code);
  expect(here.plan.totals).toEqual(byWorkers.plan.totals);
  expect(here.plan.unread).toEqual(byWorkers.plan.unread);
  const { accounts, units, totals } = here.plan;
  const sum = (numbers: readonly (number | null)[]): number =>
    numbers.reduce((total: number, one) => total + (one ?? 0), 0);
  for (const name of ['install', 'ineligible', 'stopped', 'unmatched'] as const) {
    expect(sum(accounts.map(({ counts }) => counts[name]))).toBe(totals.counts[name]);
    expect(sum(units.map(({ counts }) => counts[name]))).toBe(totals.counts[name]);
    const targets = accounts.flatMap((account) => account.targets);
    expect(sum(targets.map(({ counts }) => counts[name]))).toBe(totals.counts[name]);
  }
  expect(sum(Object.values(totals.ineligibleByCause))).toBe(totals.counts.ineligible);
});

test('what cannot be read is listed, never shown as empty', async () => {
  await start({ world: { accounts: 3, regions: 2, instances: 30 } });
  const [, , denied] = system.aws.world.accounts;
  await system.aws.change({ op: 'set-role', accountId: denied?.id ?? '', role: 'missing' });
  system.teleport.setFaults({ inventory: 'denied' });

  const { code, plan: partial } = await plan('--local');
  const csv = await system.cli('plan', '--csv', '--local');
  const table = await system.cli('plan', '--local');

  expect(code).toBe(2);
  expect(partial.unread).toMatchObject([{ accountId: denied?.id, region: '*', status: 'denied' }]);
  expect(partial.unread[0]?.remedy).toContain('ssm:SendCommand');
  // Which hosts have joined is unknown, which does not mean none.
  expect(partial.totals.counts.joined).toBeNull();
  expect(partial.warnings.map(({ kind }) => kind)).toContain('inventory-unreadable');
  const row = csv.stdout.split('\r\n').find((line) => line.startsWith(`"${denied?.id ?? ''}",`));
  expect(row).toMatch(/,"\*","denied","ec2-perm-account-denied",("",){9}/);
  expect(table.stdout).toContain('Not read, so what is there is not known:');
  expect(table.stdout).toContain(`${denied?.id ?? ''}/*  denied`);
});

test('an organization that cannot be listed fails the plan, and a missing worker is said to be missing', async () => {
  await start({
    world: {
      accounts: 2,
      regions: 1,
      instances: 4,
      settings: { access: { deniedDiscoveryActions: ['organizations:*'] } },
    },
  });

  const local = await plan('--local');
  const alone = await system.cli('plan');

  expect(local.code).toBe(1);
  expect(local.plan).toMatchObject({ verdict: 'failed', accounts: [] });
  expect(local.plan.error).toContain('organizations:');
  expect(alone.code).toBe(1);
  expect(alone.stderr).toContain('muster plan --local');
});

test('a plan survives a killed worker and an AWS that throttles and fails', {
  timeout: 180_000,
}, async () => {
  const world = { scenario: 'hostile', accounts: 12, regions: 3, instances: 300, seed: 5 } as const;
  await start({ world, workers: 2 });
  await eventually('both workers are connected', async () => {
    const clients = String(await system.redisCall('CLIENT', 'LIST'));
    return clients.split('name=muster-worker-producer ').length === 3;
  });

  const planning = plan();
  await eventually('the plan is under way', async () => {
    const keys = await system.redisCall('KEYS', '{test}:report:*:results');
    return Array.isArray(keys) && keys.length > 0;
  });
  system.processes[0]?.signal('SIGKILL');
  const { plan: made } = await planning;

  const { counts } = made.totals;
  expect(counts.install + counts.ineligible).toBe(system.report().readableInstances);
  expect(new Set(made.unread.map(({ status }) => status))).toEqual(new Set(['denied']));
  expect(system.report().calls['ssm:SendCommand']).toBeUndefined();
});
