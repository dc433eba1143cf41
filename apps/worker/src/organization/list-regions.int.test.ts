import type { Region } from '@muster/core/organization/ids';
import { targetId } from '@muster/core/organization/target';
import { organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, MANAGEMENT, aWorld, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();

const FAR = { accountId: ACCOUNT, region: 'ap-east-1' as Region };

async function coverageOfAccount(bench: WorkerBench): Promise<Readonly<Record<string, string>>> {
  const all = await bench.ledger.coverage.all();
  const own = all.filter(({ id }) => id.startsWith(ACCOUNT));
  return Object.fromEntries(own.map(({ id, coverage }) => [id.slice(13), coverage.status]));
}

test('every region that is on becomes a target, and is sent on to be read', async () => {
  const bench = await startWorkerBench({
    world: aWorld([], { regions: ['eu-west-1', 'us-east-1', 'ap-east-1'] }),
  });
  await bench.aws.change({ op: 'set-region', accountId: ACCOUNT, region: 'ap-east-1', status: 'DISABLED' });
  await bench.run('list-accounts', {});
  bench.jobs.splice(0);

  const result = await bench.run('list-regions', { accountId: ACCOUNT });

  expect(result).toEqual({ regions: 2, denied: false });
  expect(await coverageOfAccount(bench)).toEqual({ 'eu-west-1': 'pending', 'us-east-1': 'pending' });
  expect(bench.jobs.map(({ name }) => name)).toEqual(['scan-target', 'scan-target']);
  expect(await bench.dueAt('scan', targetId(TARGET))).toBeGreaterThan(bench.now());
});

test('regions that a matcher lists are targets without asking which are on', async () => {
  const bench = await startWorkerBench({
    world: aWorld([], { regions: ['eu-west-1', 'us-east-1'] }),
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), regions: ['eu-west-1', 'ap-east-1'] }] },
    }),
  });
  await bench.aws.change({ op: 'set-region', accountId: ACCOUNT, region: 'ap-east-1', status: 'DISABLED' });

  await bench.discover();

  expect(bench.front.count('listRegions') + bench.front.count('DescribeRegions')).toBe(0);
  expect(await coverageOfAccount(bench)).toEqual({ 'ap-east-1': 'pending', 'eu-west-1': 'pending' });
  expect(await bench.run('scan-target', { target: FAR })).toMatchObject({ status: 'regionOff' });
});

test('an account that cannot be entered is one denied target that names the missing action', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1), { account: { role: 'missing' } }) });
  await bench.run('list-accounts', {});

  const result = await bench.run('list-regions', { accountId: ACCOUNT });

  expect(result).toEqual({ regions: 0, denied: true });
  expect(await coverageOfAccount(bench)).toEqual({ '*': 'denied' });
  const own = (await bench.ledger.coverage.all()).find(({ id }) => id.startsWith(ACCOUNT));
  expect(own?.coverage).toMatchObject({ cause: 'ec2-perm-account-denied', completeAtMs: null });
  expect(own?.coverage.detail).toContain('sts:AssumeRole');
  const waitMs = ((await bench.dueAt('regions', ACCOUNT)) ?? 0) - bench.now();
  expect(waitMs).toBeGreaterThan(bench.deps.timings.deniedMs - 5_000);
});

test('an account that was denied and then suspended is not entered, and not called denied', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1), { account: { role: 'missing' } }) });
  await bench.discover();
  await bench.aws.change({ op: 'set-account-state', accountId: ACCOUNT, state: 'SUSPENDED' });
  await bench.run('list-accounts', {});
  const before = bench.front.count('AssumeRole');

  const result = await bench.run('list-regions', { accountId: ACCOUNT });

  expect(result).toEqual({ regions: 0, denied: false });
  expect(bench.front.count('AssumeRole')).toBe(before);
  expect(await coverageOfAccount(bench)).toEqual({});
  expect((await bench.ledger.coverage.sweep(bench.now()))?.accounts).toMatchObject({
    denied: 0,
    inactive: 1,
  });
});

test('an account that may be entered but not asked for its regions names that action', async () => {
  const bench = await startWorkerBench({
    world: aWorld([], {
      regions: ['eu-west-1', 'us-east-1'],
      account: { deniedActions: ['account:ListRegions', 'ec2:DescribeRegions'] },
    }),
  });

  await bench.discover();

  const own = (await bench.ledger.coverage.all()).find(({ id }) => id.startsWith(ACCOUNT));
  expect(own?.coverage.detail).toContain('account:ListRegions');
});

test('ec2:DescribeRegions answers where account:ListRegions is denied', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1), {
      regions: ['eu-west-1', 'us-east-1'],
      account: { deniedActions: ['account:ListRegions'] },
    }),
  });

  await bench.scanned();

  expect(await bench.states()).toEqual({ queued: 1 });
});

test('a denied account comes back by itself once its role is there', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1), { account: { role: 'missing' } }) });
  await bench.discover();
  await bench.aws.change({ op: 'set-role', accountId: ACCOUNT, role: 'ok' });
  bench.advance(bench.deps.timings.deniedMs);

  await bench.run('list-regions', { accountId: ACCOUNT });
  await bench.run('scan-target', { target: TARGET });

  expect(await coverageOfAccount(bench)).toEqual({ 'eu-west-1': 'complete' });
  expect(await bench.states()).toEqual({ queued: 1 });
});

test('an account that is denied later keeps what is known of its instances', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.aws.change(
    { op: 'set-role', accountId: ACCOUNT, role: 'denied' },
    { op: 'expire-sessions', accountId: ACCOUNT },
  );

  await bench.run('list-regions', { accountId: ACCOUNT });

  expect(await coverageOfAccount(bench)).toEqual({ '*': 'denied' });
  expect(await bench.states()).toEqual({ queued: 2 });
});

test('a throttled answer decides nothing: the account is pending, and asked again soon', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });
  await bench.run('list-accounts', {});
  await bench.aws.change({ op: 'add-fault', fault: { kind: 'throttle', apis: ['account:ListRegions'] } });

  for (let times = 0; times < 12; times += 1) {
    await bench.run('list-regions', { accountId: ACCOUNT });
    expect(await coverageOfAccount(bench)).toEqual({ '*': 'pending' });
    const waitMs = ((await bench.dueAt('regions', ACCOUNT)) ?? 0) - bench.now();
    expect(waitMs).toBeLessThanOrEqual(6 * bench.deps.timings.retryMs);
  }

  await bench.aws.change({ op: 'clear-faults' });
  await bench.run('list-regions', { accountId: ACCOUNT });
  expect(Object.keys(await coverageOfAccount(bench))).not.toContain('*');
});

test('a sweep ends without an account that only throttles for long, which is told and comes back', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });
  await bench.run('list-accounts', {});
  await bench.run('list-regions', { accountId: MANAGEMENT });
  await bench.aws.change({ op: 'add-fault', fault: { kind: 'throttle', apis: ['account:ListRegions'] } });
  for (let times = 0; times < 11; times += 1) await bench.run('list-regions', { accountId: ACCOUNT });
  expect((await bench.ledger.coverage.sweep(bench.now()))?.accounts.denied).toBe(0);

  bench.advance(bench.deps.timings.passingMs);
  await bench.run('list-regions', { accountId: ACCOUNT });

  expect(await coverageOfAccount(bench)).toEqual({ '*': 'throttled' });
  expect((await bench.ledger.coverage.account(ACCOUNT))?.resolvedAtMs).not.toBeNull();
  expect(((await bench.dueAt('regions', ACCOUNT)) ?? 0) - bench.now()).toBeLessThanOrEqual(
    bench.deps.config.pollIntervalMs,
  );
  await bench.aws.change({ op: 'clear-faults' });
  await bench.run('list-regions', { accountId: ACCOUNT });
  expect(Object.keys(await coverageOfAccount(bench))).not.toContain('*');
});

test('an account that goes on failing keeps no later sweep from ending', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });
  await bench.run('list-accounts', {});
  await bench.run('list-regions', { accountId: MANAGEMENT });
  await bench.aws.change({ op: 'add-fault', fault: { kind: 'throttle', apis: ['account:ListRegions'] } });
  for (let times = 0; times < 12; times += 1) {
    bench.advance(bench.deps.timings.passingMs / 6);
    await bench.run('list-regions', { accountId: ACCOUNT });
  }
  expect(await coverageOfAccount(bench)).toEqual({ '*': 'throttled' });

  bench.advance(bench.deps.config.pollIntervalMs);
  await bench.ledger.coverage.startSweep('later');
  await bench.run('list-regions', { accountId: ACCOUNT });

  const counted = (await bench.ledger.coverage.sweep(bench.now()))?.targets;
  expect(counted?.throttled).toBe(1);
});

test('an account that is read after a request counts for it, entered or not', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });
  await bench.run('list-accounts', {});
  const { coverage } = bench.ledger;
  const resolvedAt = async () => (await coverage.account(ACCOUNT))?.resolvedAtMs ?? 0;

  const sinceMs = await coverage.requestReadings();
  await bench.run('list-regions', { accountId: ACCOUNT });
  expect(await resolvedAt()).toBeGreaterThanOrEqual(sinceMs);

  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'deny', apis: ['account:ListRegions', 'ec2:DescribeRegions'], accounts: [ACCOUNT] },
  });
  const laterMs = await coverage.requestReadings();
  await bench.run('list-regions', { accountId: ACCOUNT });
  expect(laterMs).toBeGreaterThan(sinceMs);
  expect(await resolvedAt()).toBeGreaterThanOrEqual(laterMs);
});

test('an account that refuses the question itself has failed, and the sweep ends without it', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });
  await bench.run('list-accounts', {});
  const body = JSON.stringify({ __type: 'ValidationException', message: 'no such thing' });
  bench.front.rewrite = (operation, answer) => (operation === 'listRegions' ? { status: 400, body } : answer);

  await bench.run('list-regions', { accountId: ACCOUNT });

  expect(await coverageOfAccount(bench)).toEqual({ '*': 'failed' });
  expect((await bench.ledger.coverage.account(ACCOUNT))?.resolvedAtMs).not.toBeNull();
});

test('a region that is switched off later is no longer a target, and no false zero either', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2, { region: FAR.region }), { regions: ['eu-west-1'] }),
  });
  await bench.discover();
  await bench.run('scan-target', { target: FAR });
  await bench.aws.change({ op: 'set-region', accountId: ACCOUNT, region: FAR.region, status: 'DISABLED' });

  await bench.run('list-regions', { accountId: ACCOUNT });

  expect(await coverageOfAccount(bench)).toEqual({ 'eu-west-1': 'pending' });
  expect(await bench.run('scan-target', { target: FAR })).toMatchObject({ status: 'retired' });
  expect(await bench.states(FAR)).toEqual({ unmatched: 2 });
});

test('only targets that were never read are sent on when the regions are asked again', async () => {
  const bench = await startWorkerBench({ world: aWorld([], { regions: ['eu-west-1', 'us-east-1'] }) });
  await bench.scanned();
  bench.jobs.splice(0);

  await bench.run('list-regions', { accountId: ACCOUNT });

  expect(bench.jobs).toEqual([
    { name: 'scan-target', payload: { target: { accountId: ACCOUNT, region: 'us-east-1' } } },
  ]);
});

test('one role that is denied does not close an account that another role opens', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1), { access: { roleName: 'good' } }),
    config: (facts) => ({
      discovery_service: {
        aws: [
          { ...organizationMatcher(facts), assume_role_name: 'bad' },
          { ...organizationMatcher(facts), regions: ['eu-west-1'] },
        ],
      },
    }),
  });
  await bench.run('list-accounts', {});

  expect(await bench.run('list-regions', { accountId: ACCOUNT })).toEqual({ regions: 1, denied: false });
});
