import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorldFile } from '@muster/aws-sim/world/file';
import type { Check } from '@muster/core/reports/doctor/check';
import type { DoctorReport } from '@muster/core/reports/doctor/doctor-report';
import type { StackSetTargets } from '@muster/core/reports/doctor/stack-set-targets';
import { eventually } from '@muster/testing/eventually';
import {
  type MusterSystem,
  REDIS_PASSWORD,
  startSystem,
  type SystemOptions,
} from '@muster/testing/muster-system';
import { startReplica } from '@muster/testing/redis-replica';
import { organizationMatcher } from '@muster/testing/system-config';
import { afterEach, describe, expect, test } from 'vitest';
import { wrongClock } from './wrong-clock.fixture.ts';

const ROLE = 'teleport-organization-discovery-child-account-role';
/** What the guide's roles do not hold. */
const BEYOND_THE_GUIDE = {
  deniedDiscoveryActions: ['organizations:ListAccounts', 'organizations:DescribeOrganization'],
  deniedMemberActions: [
    'ssm:CancelCommand',
    'ssm:ListCommands',
    'ec2:DescribeRegions',
    'ssm:DescribeDocument',
  ],
};

let system: MusterSystem;
afterEach(() => system.close());

async function start(options: SystemOptions): Promise<void> {
  system = await startSystem(options);
  await connected(options.workers ?? 1);
}

/** Waits until so many workers are there to be asked. */
async function connected(workers: number): Promise<void> {
  await eventually('the workers are connected', async () => {
    const clients = String(await system.redisCall('CLIENT', 'LIST'));
    return clients.split('name=muster-worker-producer ').length > workers;
  });
}

async function doctor(
  ...args: string[]
): Promise<{ code: number | null; report: DoctorReport; stderr: string }> {
  const { code, stdout, stderr } = await system.cli('doctor', '--json', ...args);
  return { code, report: JSON.parse(stdout) as DoctorReport, stderr };
}

function find(report: DoctorReport, cause: string, accountId?: string): Check | undefined {
  return report.checks.find(
    (check) => check.cause === cause && (accountId === undefined || check.accountId === accountId),
  );
}

/** The doctor's own calls can run nothing: SSM has accepted not one of them. */
function expectNothingSent(): void {
  const { calls, commands } = system.report();
  expect(calls['ssm:SendCommand']?.ok ?? 0).toBe(0);
  expect(commands.sent).toBe(0);
}

/** Sends are held, so that every command the simulator sees would be the doctor's. */
const HELD = { muster: { paused: true } };

describe('a sound installation', () => {
  test('passes with exactly the guide’s permissions, and what is optional is a note', async () => {
    const access = { roleName: ROLE, externalId: 'an-external-id', ...BEYOND_THE_GUIDE };
    await start({ world: { accounts: 5, regions: 2, instances: 30, settings: { access } }, config: HELD });

    const { code, report } = await doctor();

    expect(code).toBe(0);
    expect(report.summary.fail).toBe(0);
    const notes = report.checks.filter(({ status }) => status === 'warn');
    expect(new Set(notes.map(({ cause }) => cause))).toEqual(new Set(['optional-permission-missing']));
    expect(report.accounts).toEqual({ total: 5, ok: 5, failed: 0, skipped: 0 });
    expect(report.agents).toEqual({ running: 30, online: 30 });
    const required = ['account:ListRegions', 'ec2:DescribeInstances', 'ssm:SendCommand'];
    for (const action of required) {
      const checks = report.checks.filter(({ subject }) => subject === action);
      expect(checks.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'pass'));
    }
    expectNothingSent();
  });

  test('says who it is and where the credentials came from, and whether the clock agrees', async () => {
    await start({ world: { accounts: 2, regions: 1, instances: 2 }, config: HELD, workers: 2 });

    const { report } = await doctor();

    const of = (id: string): string => report.checks.find((check) => check.id === id)?.detail ?? '';
    expect(of('credentials')).toMatch(/^arn:aws:.*, from environment variables$/);
    expect(of('clock')).toBe('agrees with AWS');
    expect(of('redis')).toMatch(/^(redis|valkey) \d/);
    expect(of('worker')).toBe('2 connected');
    expect(of('proxy')).toMatch(/^cluster .*, Teleport \d/);
    expect(of('installer')).toMatch(/^a script for sh of \d+ bytes, SHA-256 [0-9a-f]{64}$/);
    expect(of('token')).toBe(`hosts may join with the token "${system.facts.joinToken}"`);
  });
});

/** One account per defect, and one that is sound. */
const DEFECTS: WorldFile = {
  name: 'one of each defect',
  regions: ['us-east-1', 'eu-west-1'],
  access: { roleName: ROLE, externalId: 'right' },
  accounts: [
    { id: '100000000001', name: 'management', instances: [{ region: 'us-east-1' }] },
    { id: '100000000002', name: 'no role', ouPath: 'Workloads', role: 'missing' },
    { id: '100000000003', name: 'untrusting role', ouPath: 'Workloads', role: 'denied' },
    { id: '100000000004', name: 'wrong external id', role: 'wrong-external-id' },
    { id: '100000000011', deniedActions: ['account:ListRegions', 'ec2:DescribeRegions'] },
    { id: '100000000012', deniedActions: ['ec2:DescribeInstances'] },
    { id: '100000000013', deniedActions: ['ssm:DescribeInstanceInformation'] },
    { id: '100000000014', deniedActions: ['ssm:GetCommandInvocation'] },
    { id: '100000000015', deniedActions: ['ssm:ListCommandInvocations'] },
    { id: '100000000016', deniedActions: ['ssm:SendCommand'] },
    { id: '100000000021', name: 'closed', state: 'SUSPENDED' },
    { id: '100000000022', name: 'scp', deniedRegions: ['eu-west-1'] },
    {
      id: '100000000023',
      name: 'agents',
      instances: [{ region: 'us-east-1' }, { region: 'us-east-1', ssm: { pingStatus: 'ConnectionLost' } }],
    },
  ],
};

describe('a world with one of each defect', () => {
  test('every account’s defect is named, with its remedy', async () => {
    await start({ world: { world: DEFECTS }, config: HELD });
    const file = join(system.folder, 'targets.json');

    const { code, report } = await doctor('--missing-roles', file);

    expect(code).toBe(2);
    expect(report.verdict).toBe('partial');
    for (const id of ['100000000002', '100000000003', '100000000004']) {
      const check = find(report, 'role-not-assumable', id);
      expect(check).toMatchObject({ status: 'fail', subject: `arn:aws:iam::${id}:role/${ROLE}` });
      expect(check?.remedy).toContain('external id');
    }
    const missing = {
      '100000000011': 'account:ListRegions',
      '100000000012': 'ec2:DescribeInstances',
      '100000000013': 'ssm:DescribeInstanceInformation',
      '100000000014': 'ssm:GetCommandInvocation',
      '100000000015': 'ssm:ListCommandInvocations',
      '100000000016': 'ssm:SendCommand',
    };
    for (const [id, action] of Object.entries(missing)) {
      const check = find(report, 'permission-missing', id);
      expect(check).toMatchObject({ status: 'fail', subject: action });
      expect(check?.remedy).toContain(`Allow ${action} `);
    }
    expect(report.checks.find(({ id }) => id === 'account-state')).toMatchObject({
      accountId: '100000000021',
      status: 'skipped',
    });
    expect(find(report, 'region-denied', '100000000022')?.detail).toContain('eu-west-1');
    expect(find(report, 'agents-offline', '100000000023')?.detail).toContain('1 of 2');
    expect(report.accounts).toEqual({ total: 13, ok: 3, failed: 9, skipped: 1 });
    expect(report.checks.every(({ status, remedy }) => status !== 'fail' || (remedy ?? '') !== '')).toBe(
      true,
    );
    expectNothingSent();

    const targets = JSON.parse(readFileSync(file, 'utf8')) as StackSetTargets;
    expect(targets.accounts.map(({ accountId }) => accountId)).toEqual([
      '100000000002',
      '100000000003',
      '100000000004',
    ]);
    expect(targets.incomplete).toHaveLength(6);
    expect(targets.deploymentTargets.flatMap(({ Accounts }) => Accounts).toSorted()).toEqual([
      '100000000002',
      '100000000003',
      '100000000004',
    ]);
    expect(readFileSync(`${file}.sh`, 'utf8')).toContain('aws cloudformation create-stack-instances');

    const { stdout } = await system.cli('doctor');

    // For people, an outcome is printed once, with the accounts that have it.
    expect(stdout).toContain('FAIL  account-role in 3 accounts (100000000002, 100000000003, 100000000004)');
    expect(stdout).toContain('FAIL  permission ssm:SendCommand in 1 account (100000000016)');
    expect(stdout).toMatch(/→ Allow ssm:SendCommand on "\*"/);
    expect(stdout).toContain('Accounts   13: 3 ok, 9 failed, 1 not active');
  });

  test('a custom document that is nowhere is missing in every region', async () => {
    await start({
      world: { accounts: 2, regions: 2, instances: 4 },
      config: (facts) => ({
        ...HELD,
        discovery_service: {
          aws: [{ ...organizationMatcher(facts), ssm: { document_name: 'TeleportDiscoveryInstaller' } }],
        },
      }),
    });

    const { code, report } = await doctor();

    expect(code).toBe(1);
    const check = find(report, 'document-missing');
    expect(check).toMatchObject({ status: 'fail', subject: 'TeleportDiscoveryInstaller' });
    expect(check?.detail.split(', ')).toHaveLength(2);
    expect(check?.remedy).toContain('AWS-RunShellScript');
    expectNothingSent();
  });

  test('an organization that may not be read is said to be so, with the placement', async () => {
    const access = { deniedDiscoveryActions: ['organizations:*'] };
    await start({ world: { accounts: 2, regions: 1, instances: 2, settings: { access } }, config: HELD });

    const { code, report } = await doctor();

    expect(code).toBe(1);
    const denied = report.checks.filter(({ cause }) => cause === 'permission-missing');
    expect(denied.map(({ subject }) => subject)).toEqual([
      'organizations:ListAccountsForParent',
      'organizations:ListChildren',
      'organizations:ListRoots',
    ]);
    expect(find(report, 'organization-denied')?.remedy).toContain('delegated administrator');
  });

  test('another organization than the configured one is named', async () => {
    await start({
      world: { accounts: 2, regions: 1, instances: 2 },
      config: (facts) => ({
        ...HELD,
        discovery_service: {
          aws: [organizationMatcher({ ...facts, organizationId: 'o-anotherone' })],
        },
      }),
    });

    const { code, report } = await doctor();

    expect(code).toBe(1);
    expect(find(report, 'organization-wrong')?.detail).toContain('o-anotherone');
  });

  test('credentials that AWS refuses are refused, and those that are missing are missing', async () => {
    await start({ world: { accounts: 2, regions: 1, instances: 2 }, config: HELD, workers: 0 });
    const withWorker = async (env: NodeJS.ProcessEnv): Promise<DoctorReport> => {
      const worker = system.start('worker', { env });
      await connected(1);
      const { report } = await doctor();
      worker.signal('SIGTERM');
      await worker.ended;
      return report;
    };

    const refused = await withWorker({ AWS_SECRET_ACCESS_KEY: 'not the secret' });
    const missing = await withWorker({
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      HOME: system.folder,
    });

    expect(find(refused, 'credentials-refused')?.remedy).toContain('environment variables');
    expect(refused.checks.find(({ id }) => id === 'clock')?.status).toBe('pass');
    expect(find(missing, 'credentials-missing')?.remedy).toContain('AWS_ACCESS_KEY_ID');
    expect([refused.verdict, missing.verdict]).toEqual(['fail', 'fail']);
  });

  test('a worker whose clock is wrong works on, and the doctor names it', async () => {
    await start({ world: { accounts: 2, regions: 1, instances: 2 }, config: HELD, workers: 0 });
    const withClock = async (offsetMs: number): Promise<DoctorReport> => {
      const worker = system.start('worker', { env: wrongClock(offsetMs) });
      await connected(1);
      await eventually('its clock is known', async () =>
        (await system.ledger.clocks.all()).clocks.some(({ name }) => name.endsWith(`/${worker.pid}`)),
      );
      const { report } = await doctor();
      worker.signal('SIGTERM');
      await worker.ended;
      return report;
    };

    const late = await withClock(-600_000);
    const early = await withClock(600_000);
    const named = (report: DoctorReport): unknown =>
      report.checks.find(({ id, subject }) => id === 'clock' && subject?.includes('/') === true);

    expect(named(late)).toMatchObject({
      status: 'warn',
      cause: 'clock-skew',
      detail: expect.stringMatching(/(9 min 59 s|10 min|10 min 1 s)\b.* behind/),
      remedy: expect.stringContaining('timedatectl set-ntp true'),
    });
    expect(named(early)).toMatchObject({
      status: 'warn',
      detail: expect.stringMatching(/(9 min 59 s|10 min|10 min 1 s)\b.* ahead/),
    });
    expect([late.verdict, early.verdict]).toEqual(['warn', 'warn']);
    expect(find(late, 'worker-silent')).toBeUndefined();
  });

  test('a proxy that is down or fails, and an installer that cannot be fetched, are told apart', async () => {
    await start({ world: { accounts: 2, regions: 1, instances: 2 }, config: HELD });
    const defects = [
      [{ proxy: 'down' }, 'proxy-unreachable'],
      [{ proxy: 'error' }, 'proxy-unreachable'],
      [{ installer: 'error' }, 'installer-unreachable'],
    ] as const;

    for (const [faults, cause] of defects) {
      system.teleport.setFaults({ proxy: 'ok', installer: 'ok', ...faults });
      const { code, report } = await doctor();

      expect([cause, code, find(report, cause)?.status]).toEqual([cause, 1, 'fail']);
      expect(find(report, cause)?.remedy).toContain('curl');
    }
  });

  test('a Redis that may evict or takes no writes, no append-only file, no password, no worker, no scheduler', async () => {
    await start({ world: { accounts: 2, regions: 1, instances: 2 }, schedulers: 0, workers: 0 });
    const idle = await doctor();
    await system.redisCall('CONFIG', 'SET', 'appendonly', 'no');
    const loose = await doctor();
    await system.redisCall('ACL', 'SETUSER', 'default', '-xadd');
    const lacking = await doctor();
    await system.redisCall('ACL', 'SETUSER', 'default', '+xadd');
    const replica = await startReplica(system.redis(), REDIS_PASSWORD);
    const replicated = await doctor();
    await replica.stop();
    await system.redisCall('CONFIG', 'SET', 'requirepass', '');
    const open = await doctor();
    await system.redisCall('CONFIG', 'SET', 'min-replicas-to-write', '1');
    const refusing = await doctor();
    await system.redisCall('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const evicting = await doctor();

    expect(find(idle.report, 'no-scheduler')?.status).toBe('warn');
    expect(find(idle.report, 'no-worker')?.remedy).toContain('--local');
    expect(find(loose.report, 'redis-not-durable')?.remedy).toContain('CONFIG SET appendonly yes');
    expect(find(lacking.report, 'redis-rights-missing')?.remedy).toContain('ACL SETUSER default +xadd');
    expect(find(replicated.report, 'redis-min-replicas')?.remedy).toContain('min-replicas-to-write 1');
    expect(find(open.report, 'redis-without-password')?.remedy).toContain('muster.redis.password_file');
    expect(find(refusing.report, 'redis-refuses-writes')?.detail).toContain('min-replicas-to-write');
    expect(find(evicting.report, 'redis-unsafe')?.remedy).toContain('CONFIG SET maxmemory-policy noeviction');
    expect([idle.code, loose.code, evicting.code]).toEqual([1, 1, 1]);
  });
});

test('doctor --local needs no worker and no Redis, and looks with this shell’s credentials', async () => {
  await start({ world: { accounts: 3, regions: 1, instances: 6 }, schedulers: 0, workers: 0 });
  await system.redis().stop();

  const { report } = await doctor('--local');

  expect(report.ranBy).toBe('local');
  expect(find(report, 'redis-unreachable')?.remedy).toContain('redis-cli');
  expect(report.accounts).toEqual({ total: 3, ok: 3, failed: 0, skipped: 0 });
  expectNothingSent();
});

test('a configuration with a fault ends with 78 and the fault', async () => {
  await start({ world: { accounts: 1, regions: 1, instances: 1 }, schedulers: 0, workers: 0 });
  system.configure({ muster: { redis: { prefix: 'test' }, limit: {} } });

  const { code, report } = await doctor();

  expect(code).toBe(78);
  expect(find(report, 'configuration-invalid')?.detail).toContain('limits');
});
