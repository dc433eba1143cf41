/** The defects that doctor-all-at-once.test.ts and doctor.test.ts have not: one at a time, in a world that is sound otherwise. */
import type { Check } from '@muster/core/reports/doctor/check';
import type { DoctorReport } from '@muster/core/reports/doctor/doctor-report';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem, type SystemOptions } from '@muster/testing/muster-system';
import { type ConfigPart, organizationMatcher } from '@muster/testing/system-config';
import { afterEach, expect, test } from 'vitest';

let system: MusterSystem;
afterEach(() => system.close());

const SMALL: SystemOptions = {
  world: { accounts: 2, regions: 1, instances: 4 },
  schedulers: 0,
  workers: 0,
};

async function doctor(...args: readonly string[]): Promise<DoctorReport> {
  const { stdout } = await system.cli('doctor', '--json', ...args);
  return JSON.parse(stdout) as DoctorReport;
}

/** What the doctor says of one defect, which it must name with what to do. */
async function found(cause: string, ...args: readonly string[]): Promise<Check> {
  const { checks } = await doctor(...args);
  const check = checks.find((one) => one.cause === cause);
  if (check === undefined) throw new Error(`${cause} is not among ${JSON.stringify(checks, null, 1)}`);
  expect(check.remedy ?? '').not.toBe('');
  return check;
}

/** The usual configuration with another matcher. */
function withMatcher(change: ConfigPart): void {
  const matcher = { ...organizationMatcher(system.facts), ...change };
  system.configure({ discovery_service: { aws: [matcher] } });
}

test('a configuration that is off, and one that covers no account', async () => {
  system = await startSystem(SMALL);

  system.configure({ discovery_service: { enabled: false } });
  expect(await found('configuration-off', '--local')).toMatchObject({ status: 'fail' });

  withMatcher({ include_accounts: ['999999999999'] });
  expect(await found('no-accounts', '--local')).toMatchObject({
    status: 'fail',
    remedy: expect.stringContaining('include_accounts'),
  });
});

test('an account of which AWS names no region', async () => {
  system = await startSystem({
    ...SMALL,
    world: {
      world: {
        name: 'odd accounts',
        regions: ['us-east-1'],
        accounts: [
          { id: '100000000001', instances: [{ region: 'us-east-1' }] },
          { id: '100000000002', regions: { 'us-east-1': 'DISABLED' } },
        ],
      },
    },
  });

  // No region at all is not an answer, so it is not taken for one.
  expect(await found('aws-unavailable', '--local')).toMatchObject({
    accountId: '100000000002',
    detail: 'account:ListRegions named no region',
  });
});

test('a proxy that is none, and one without managed updates', async () => {
  system = await startSystem(SMALL);

  withMatcher({ install: { suffix: 'blue', update_group: 'canary' } });
  system.teleport.setFaults({ proxy: 'without-updates' });
  expect(await found('managed-updates-off', '--local')).toMatchObject({
    status: 'fail',
    remedy: expect.stringContaining('tctl autoupdate'),
  });

  system.teleport.setFaults({ proxy: 'foreign' });
  expect(await found('proxy-not-teleport', '--local')).toMatchObject({
    status: 'fail',
    subject: system.facts.proxyAddress,
  });
});

test('where the identity of tctl may not read tokens the doctor reminds of them', async () => {
  system = await startSystem({ ...SMALL, teleport: { faults: { tokens: 'denied' } } });

  const { checks } = await doctor('--local');

  expect(checks.find(({ id }) => id === 'token')).toMatchObject({
    status: 'skipped',
    cause: null,
    subject: system.facts.joinToken,
    detail: expect.stringContaining('may not read tokens'),
    remedy: expect.stringContaining(`tctl get token/${system.facts.joinToken}`),
  });
});

test('a configuration without an inventory', async () => {
  system = await startSystem(SMALL);

  system.configure({ muster: { inventory: { source: 'none', command: 'tctl' } } });
  expect(await found('no-inventory', '--local')).toMatchObject({
    remedy: expect.stringContaining('muster.inventory.source'),
  });
});

test('an AWS that does not answer is not taken for a defect of the account', async () => {
  system = await startSystem(SMALL);
  const [, member] = system.aws.world.accounts;
  const accountId = member?.id ?? '';
  const fault = { apis: ['ssm:DescribeInstanceInformation'], accounts: [accountId] };

  await system.aws.change({ op: 'add-fault', fault: { ...fault, kind: 'timeout-before' } });

  expect(await found('not-answered', '--local', '--timeout', '0.1')).toMatchObject({ accountId });
});

test('a worker that is connected and takes no job', { timeout: 120_000 }, async () => {
  system = await startSystem({ ...SMALL, workers: 1 });
  await eventually('the worker is connected', async () =>
    String(await system.redisCall('CLIENT', 'LIST')).includes('name=muster-worker-producer '),
  );
  system.processes[0]?.signal('SIGSTOP');

  expect(await found('worker-silent')).toMatchObject({
    status: 'fail',
    remedy: expect.stringContaining('logs'),
  });
});
