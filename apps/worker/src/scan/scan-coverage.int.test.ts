import type { Coverage } from '@muster/core/organization/coverage';
import { targetId } from '@muster/core/organization/target';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const scan = (bench: WorkerBench) => bench.run('scan-target', { target: TARGET });

/** A target that was read completely with two candidates. */
async function startRead(): Promise<WorkerBench> {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  return bench;
}

/** Scans, and makes sure that a failed reading touches nothing but the coverage. */
async function scanWithoutHarm(bench: WorkerBench): Promise<Coverage> {
  const before = await bench.ledger.enrollments.readAll(TARGET);
  const completeAtMs = (await bench.ledger.coverage.read(TARGET))?.completeAtMs;
  expect(before.size).toBeGreaterThan(0);

  await scan(bench);

  expect(await bench.ledger.enrollments.readAll(TARGET)).toEqual(before);
  const coverage = await bench.ledger.coverage.read(TARGET);
  if (coverage === null) throw new Error('the target was forgotten');
  expect(coverage.completeAtMs).toBe(completeAtMs);
  return coverage;
}

async function dueInMs(bench: WorkerBench): Promise<number> {
  return ((await bench.dueAt('scan', targetId(TARGET))) ?? 0) - bench.now();
}

test('where ec2:DescribeInstances is denied the target is denied by name, and its instances stay as they were', async () => {
  const bench = await startRead();
  await bench.aws.change({
    op: 'deny-actions',
    accountId: ACCOUNT,
    actions: ['ec2:DescribeInstances'],
  });

  const coverage = await scanWithoutHarm(bench);

  expect(coverage).toMatchObject({ status: 'denied', cause: 'ec2-perm-account-denied' });
  expect(coverage.detail).toContain('ec2:DescribeInstances');
  expect(await dueInMs(bench)).toBeGreaterThan(bench.deps.timings.deniedMs - 5_000);
});

test('where SSM may not be asked the target is partial by name: its instances are known, and wait for that', async () => {
  const bench = await startRead();
  const before = await bench.ledger.coverage.read(TARGET);
  const actions = ['ssm:DescribeInstanceInformation'];
  await bench.aws.change({ op: 'deny-actions', accountId: ACCOUNT, actions });

  await scan(bench);

  const coverage = await bench.ledger.coverage.read(TARGET);
  expect(coverage).toMatchObject({ status: 'partial', cause: 'ec2-perm-account-denied' });
  expect(coverage?.completeAtMs).toBe(before?.completeAtMs);
  expect(coverage?.detail).toContain('ssm:DescribeInstanceInformation');
  expect(await bench.states()).toEqual({ ineligible: 2 });

  await bench.aws.change({ op: 'deny-actions', accountId: ACCOUNT, actions: [] });
  await scan(bench);
  expect(await bench.states()).toEqual({ queued: 2 });
});

test('a reading under way when a sweep begins does not count for it, and the next one does', async () => {
  const bench = await startRead();
  const { coverage } = bench.ledger;
  const targets = async () => (await coverage.sweep(bench.now()))?.targets;
  bench.front.before = async (operation) => {
    if (operation !== 'DescribeInstances') return;
    bench.front.before = () => undefined;
    bench.advance(1_000);
    await coverage.startSweep('sweep-asked-for-meanwhile');
    bench.advance(1_000);
  };

  expect(await scan(bench)).toMatchObject({ status: 'complete' });
  expect(await targets()).toMatchObject({ complete: 0 });

  await scan(bench);
  expect(await targets()).toMatchObject({ complete: 1 });
});

test('a send that is refused what it needs does not make its target read', async () => {
  const bench = await startRead();
  bench.advance(1_000);
  await bench.ledger.coverage.startSweep('sweep-2');
  bench.advance(1_000);
  const actions = ['ssm:ListCommandInvocations'];
  await bench.aws.change({ op: 'deny-actions', accountId: ACCOUNT, actions });

  await bench.run('install-batch', { target: TARGET });

  expect(await bench.ledger.coverage.read(TARGET)).toMatchObject({ status: 'partial' });
  expect((await bench.ledger.coverage.sweep(bench.now()))?.targets).toMatchObject({ partial: 0 });
});

test('a region that a service control policy denies is told from a missing permission', async () => {
  const bench = await startRead();
  await bench.aws.change({ op: 'deny-regions', accountId: ACCOUNT, regions: [TARGET.region] });

  expect(await scanWithoutHarm(bench)).toMatchObject({ status: 'denied', cause: 'scp-denied-region' });
});

test('a region that is off is told from bad credentials', async () => {
  const bench = await startRead();
  await bench.aws.change({ op: 'set-region', accountId: ACCOUNT, region: TARGET.region, status: 'DISABLED' });

  expect(await scanWithoutHarm(bench)).toMatchObject({ status: 'regionOff', cause: 'region-off' });
});

const PASSING = [
  ['throttled', { kind: 'throttle', apis: ['ec2:DescribeInstances'] }, 'aws-throttled'],
  ['failed', { kind: 'error', apis: ['ec2:DescribeInstances'], status: 503 }, 'aws-unavailable'],
] as const;

test.each(PASSING)(
  'a target is not %s for readings that fail in a row, but keeps its place',
  async (...row) => {
    const [, fault, cause] = row;
    const bench = await startRead();
    await bench.aws.change({ op: 'add-fault', fault: { ...fault, apis: [...fault.apis] } });

    for (let failures = 1; failures <= 20; failures += 1) {
      expect(await scanWithoutHarm(bench)).toMatchObject({ status: 'pending', cause, failures });
      const waitMs = await dueInMs(bench);
      expect(waitMs).toBeGreaterThan(Math.min(failures, 6) * bench.deps.timings.retryMs - 5_000);
      expect(waitMs).toBeLessThanOrEqual(6 * bench.deps.timings.retryMs);
    }

    await bench.aws.change({ op: 'clear-faults' });
    await scan(bench);
    const coverage = await bench.ledger.coverage.read(TARGET);
    expect(coverage).toMatchObject({ status: 'complete', failures: 0, cause: null });
    expect(coverage).not.toHaveProperty('failingSinceMs');
  },
);

test.each(PASSING)('a sweep ends with a target as %s when nothing else has come for long', async (...row) => {
  const [status, fault, cause] = row;
  const bench = await startRead();
  await bench.aws.change({ op: 'add-fault', fault: { ...fault, apis: [...fault.apis] } });
  await scanWithoutHarm(bench);
  bench.advance(bench.deps.timings.passingMs);
  // Twice in ten minutes, as where a worker was killed in between, is not often.
  expect(await scanWithoutHarm(bench)).toMatchObject({ status: 'pending', failures: 2 });
  for (let failures = 3; failures < 12; failures += 1) {
    expect(await scanWithoutHarm(bench)).toMatchObject({ status: 'pending', failures });
  }

  expect(await scanWithoutHarm(bench)).toMatchObject({ status, cause, failures: 12 });

  // It comes back all the same, and a reading that gets through makes good everything.
  expect(await dueInMs(bench)).toBeLessThanOrEqual(bench.deps.config.pollIntervalMs);
  expect(await scanWithoutHarm(bench)).toMatchObject({ status, failures: 13 });
  await bench.aws.change({ op: 'clear-faults' });
  await scan(bench);
  expect(await bench.ledger.coverage.read(TARGET)).toMatchObject({ status: 'complete', failures: 0 });
});

test('candidates of a region that is turned off say so, and not that a role is missing', async () => {
  const bench = await startRead();
  const { region } = TARGET;
  await bench.aws.change({ op: 'set-region', accountId: ACCOUNT, region, status: 'DISABLED' });

  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0, stopped: 'denied' });

  const records = [...(await bench.ledger.enrollments.readAll(TARGET)).values()];
  expect(records.map(({ value }) => value)).toMatchObject([
    { state: 'ineligible', cause: 'region-off' },
    { state: 'ineligible', cause: 'region-off' },
  ]);
  await scan(bench);
  expect(await bench.ledger.coverage.read(TARGET)).toMatchObject({ status: 'regionOff' });

  await bench.aws.change({ op: 'set-region', accountId: ACCOUNT, region, status: 'ENABLED' });
  await scan(bench);
  expect(await bench.states()).toEqual({ queued: 2 });
});

test('where commands may not be listed the target stays partial, scan after scan, until they may', async () => {
  const bench = await startRead();
  const actions = ['ssm:ListCommandInvocations'];
  await bench.aws.change({ op: 'deny-actions', accountId: ACCOUNT, actions });
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0, stopped: 'denied' });
  const withdrawn = await bench.ledger.enrollments.readAll(TARGET);

  for (let round = 1; round <= 2; round += 1) {
    await scan(bench);
    const coverage = await bench.ledger.coverage.read(TARGET);
    expect(coverage).toMatchObject({ status: 'partial', cause: 'ec2-perm-account-denied' });
    expect(coverage?.detail).toContain('ssm:ListCommandInvocations');
    expect(await bench.ledger.enrollments.readAll(TARGET)).toEqual(withdrawn);
  }
  expect(await bench.states()).toEqual({ ineligible: 2 });

  await bench.aws.change({ op: 'deny-actions', accountId: ACCOUNT, actions: [] });
  await scan(bench);
  expect(await bench.states()).toEqual({ queued: 2 });
  expect(await bench.ledger.coverage.read(TARGET)).toMatchObject({ status: 'complete' });
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 1, instances: 2 });
});

test('waiting for our own share of SSM says nothing about the target, however often', async () => {
  const bench = await startRead();
  await bench.ledger.pacing.throttled(TARGET, 'ssm:DescribeInstanceInformation', {
    retryAfterMs: 60_000,
    tookMs: 100,
  });

  for (let times = 0; times < 10; times += 1) {
    expect(await scanWithoutHarm(bench)).toMatchObject({ status: 'pending', failures: 0 });
  }
  expect(bench.front.count('DescribeInstanceInformation')).toBe(1);
  expect(await dueInMs(bench)).toBeGreaterThan(30_000);
});

const GARBLED: readonly (readonly [string, string, string])[] = [
  ['a page of another server', 'DescribeInstances', '<html><body>Sign in to continue</body></html>'],
  ['an empty body', 'DescribeInstances', ''],
  ['a cut text', 'DescribeInstances', '<DescribeInstancesResponse xmlns="http://ec2.amaz'],
  ['another answer', 'DescribeInstanceInformation', '{}'],
];

test.each(GARBLED)('%s with status 200 to %s is not a target without instances', async (_, garbled, body) => {
  const bench = await startRead();
  bench.front.rewrite = (operation, answer) => (operation === garbled ? { status: 200, body } : answer);

  expect(await scanWithoutHarm(bench)).toMatchObject({ status: 'pending', cause: 'aws-unavailable' });
});

test('a listing that breaks off after an empty first page is not a target without instances', async () => {
  const bench = await startRead();
  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'empty-page', apis: ['ec2:DescribeInstances'], maxTimes: 1 },
  });
  let pages = 0;
  bench.front.before = (operation) => {
    pages += operation === 'DescribeInstances' ? 1 : 0;
    if (pages > 1) throw new Error('the connection goes');
  };

  expect(await scanWithoutHarm(bench)).toMatchObject({ status: 'pending' });
  expect(pages).toBeGreaterThan(1);
});

test('an error that says nothing about the target is thrown, and the target is due again', async () => {
  const bench = await startRead();
  const before = await bench.ledger.coverage.read(TARGET);
  const { ledger } = bench;
  const broken = {
    ...bench.deps,
    ledger: {
      ...ledger,
      enrollments: { ...ledger.enrollments, readAll: () => Promise.reject(new Error('a bug')) },
    },
  };

  await expect(bench.run('scan-target', { target: TARGET }, broken)).rejects.toThrow('a bug');

  expect(await ledger.coverage.read(TARGET)).toEqual(before);
  expect(await dueInMs(bench)).toBeGreaterThan(0);
  expect(await dueInMs(bench)).toBeLessThanOrEqual(6 * bench.deps.timings.retryMs);
});
