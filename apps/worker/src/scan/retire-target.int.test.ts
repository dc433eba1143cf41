import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { Region } from '@muster/core/organization/ids';
import { targetId, type Target } from '@muster/core/organization/target';
import { organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import type { FrontAnswer } from '../fixtures/aws-front.fixture.ts';
import { type BenchOptions, useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const DAY = 24 * 3_600_000;
/** A region that an account can switch off. */
const FAR: Target = { accountId: ACCOUNT, region: 'ap-east-1' as Region };

const scan = (bench: WorkerBench, target = TARGET) => bench.run('scan-target', { target });
const nextScanInMs = async (bench: WorkerBench, target = TARGET): Promise<number | null> => {
  const atMs = await bench.dueAt('scan', targetId(target));
  return atMs === null ? null : atMs - bench.now();
};

/** Every key that names what it is given, and does not expire by itself. */
async function keysThatStay(bench: WorkerBench, word: string): Promise<readonly string[]> {
  const { redis } = bench.store;
  const found = await redis.keys(`*${word}*`);
  const ttls = await Promise.all(found.map((key) => redis.ttl(key)));
  return found.filter((_, index) => ttls[index] === -1);
}

/** The organization's answer without the account. */
function withoutAccount(operation: string, answer: FrontAnswer): FrontAnswer {
  if (operation !== 'ListAccounts') return answer;
  const page = JSON.parse(answer.body) as { Accounts: { Id: string }[] };
  const Accounts = page.Accounts.filter(({ Id }) => Id !== ACCOUNT);
  return { ...answer, body: JSON.stringify({ ...page, Accounts }) };
}

/** The account leaves the organization. */
async function leave(bench: WorkerBench): Promise<void> {
  bench.front.rewrite = withoutAccount;
  await bench.run('list-accounts', {});
}

/** Two hosts in a region that goes out of scope. */
async function startFar(options: BenchOptions = {}, facts: object = {}): Promise<WorkerBench> {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2, { region: FAR.region, ...facts }), { regions: [TARGET.region] }),
    ...options,
  });
  await bench.discover();
  await scan(bench, FAR);
  return bench;
}

async function switchFar(bench: WorkerBench, status: 'DISABLED' | 'ENABLED'): Promise<void> {
  await bench.aws.change({ op: 'set-region', accountId: ACCOUNT, region: FAR.region, status });
  await bench.run('list-regions', { accountId: ACCOUNT });
}

test('what a removed account held is gone, kept for its time, and then leaves no trace in Redis', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId: (await bench.intent()).batchId });

  await leave(bench);
  expect(bench.jobs.at(-1)).toEqual({ name: 'scan-target', payload: { target: TARGET } });
  expect(await scan(bench)).toMatchObject({ status: 'retired', changed: 2 });
  expect(await bench.states()).toEqual({ gone: 2 });

  const waitMs = (await nextScanInMs(bench)) ?? 0;
  expect(waitMs).toBeGreaterThan(bench.deps.timings.goneMs - 60_000);
  bench.advance(waitMs - 60_000);
  expect(await scan(bench)).toMatchObject({ changed: 0 });
  expect(await bench.states()).toEqual({ gone: 2 });
  bench.advance(60_001);
  expect(await scan(bench)).toMatchObject({ changed: 2 });

  expect(await keysThatStay(bench, ACCOUNT)).toEqual([]);
  expect(await bench.ledger.enrollments.keptTargets()).toEqual([]);
  expect((await bench.ledger.enrollments.counts()).states.size).toBe(0);
  expect(await nextScanInMs(bench)).toBeNull();
});

test('an account that was suspended first, and so had no targets left, is retired too', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.aws.change({ op: 'set-account-state', accountId: ACCOUNT, state: 'SUSPENDED' });
  await bench.run('list-accounts', {});
  expect(await scan(bench)).toMatchObject({ status: 'retired', changed: 0 });
  expect(await bench.states()).toEqual({ queued: 2 });

  await leave(bench);
  await scan(bench);

  expect(await bench.states()).toEqual({ gone: 2 });
});

test('a removed account whose retiring was lost is looked at within a day of a complete listing', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.ledger.coverage.removeAccount(ACCOUNT);
  await bench.ledger.due.drop('scan', [targetId(TARGET)]);
  bench.front.rewrite = withoutAccount;

  await bench.run('list-accounts', {});

  expect(await nextScanInMs(bench)).toBeLessThanOrEqual(DAY);
  await scan(bench);
  expect(await bench.states()).toEqual({ gone: 2 });
});

test('instances of a region that left the scope are unmatched, never sent to, and deleted after their time', async () => {
  const bench = await startFar();
  await switchFar(bench, 'DISABLED');
  expect(bench.jobs).toContainEqual({ name: 'scan-target', payload: { target: FAR } });

  expect(await bench.run('install-batch', { target: FAR })).toMatchObject({ stopped: 'out-of-scope' });
  expect(await scan(bench, FAR)).toMatchObject({ status: 'retired', changed: 2 });

  expect(await bench.states(FAR)).toEqual({ unmatched: 2 });
  expect(await bench.ledger.enrollments.nextCandidateAt(FAR)).toBeNull();
  bench.advance(((await nextScanInMs(bench, FAR)) ?? 0) + 1);
  await scan(bench, FAR);
  expect(await keysThatStay(bench, targetId(FAR))).toEqual([]);
  expect(await nextScanInMs(bench, FAR)).toBeNull();
});

test('a region that comes back is read as if it had never left', async () => {
  const bench = await startFar();
  await switchFar(bench, 'DISABLED');
  await scan(bench, FAR);

  await switchFar(bench, 'ENABLED');
  expect(await scan(bench, FAR)).toMatchObject({ status: 'complete', seen: 2 });

  expect(await bench.states(FAR)).toEqual({ queued: 2 });
});

test('what a complete scan found gone stays gone when its region leaves the scope', async () => {
  const bench = await startFar();
  await bench.aws.change({ op: 'terminate-instance', instanceId: instanceId(0) });
  await scan(bench, FAR);
  const gone = await bench.record(instanceId(0), FAR);

  await switchFar(bench, 'DISABLED');
  await scan(bench, FAR);

  expect(await bench.record(instanceId(0), FAR)).toEqual(gone);
  expect(await bench.states(FAR)).toEqual({ gone: 1, unmatched: 1 });
});

test('a live command in a region that left the scope is followed to its end before the target is retired', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2), { regions: [TARGET.region, 'us-east-1'] }),
    speed: 20,
  });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();
  const deps = bench.depsWith((facts) => ({
    discovery_service: { aws: [{ ...organizationMatcher(facts), regions: ['us-east-1'] }] },
  }));
  await bench.run('list-regions', { accountId: ACCOUNT }, deps);
  // The due time of its collect is lost: only the job that retires the target knows of the command.
  await bench.store.redis.del(bench.store.keys.due('collect'));

  expect(await bench.run('scan-target', { target: TARGET }, deps)).toMatchObject({ changed: 0 });

  expect(await bench.states()).toEqual({ installing: 2 });
  expect(await bench.dueAt('collect', `${targetId(TARGET)}/${batchId}`)).not.toBeNull();
  expect(await nextScanInMs(bench)).toBeGreaterThan(0);
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId }, deps);
  expect(await bench.states()).toEqual({ unmatched: 2 });
  expect((await bench.record(instanceId(0))).attemptCount).toBe(1);
  expect(await nextScanInMs(bench)).toBeGreaterThan(0);
});

test('a region that leaves the scope takes the labels of its nodes along', async () => {
  const config = { muster: { inventory: { source: 'tctl' }, labels: { per_second: 1000 } } };
  const bench = await startFar({ config }, { joined: true, tags: { env: 'prod', Name: 'web' } });
  await bench.run('read-inventory', {});
  await scan(bench, FAR);
  await bench.run('write-labels', {});
  expect((await bench.ledger.labels.written(FAR)).size).toBe(2);

  await switchFar(bench, 'DISABLED');
  await scan(bench, FAR);

  expect(await bench.dueAt('labels', ORGANIZATION_MEMBER)).not.toBeNull();
  expect(await bench.run('write-labels', {})).toEqual({ written: 2, error: null });
  expect((await bench.ledger.labels.written(FAR)).size).toBe(0);
});

test('regions that only a denied role would name are not taken for left', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2), { access: { roleName: 'good' } }) });
  await bench.scanned();
  const deps = bench.depsWith((facts) => ({
    discovery_service: {
      aws: [
        { ...organizationMatcher(facts), assume_role_name: 'bad' },
        { ...organizationMatcher(facts), regions: ['us-east-1'] },
      ],
    },
  }));

  await bench.run('list-regions', { accountId: ACCOUNT }, deps);

  expect((await bench.ledger.coverage.account(ACCOUNT))?.regions).toEqual([TARGET.region, 'us-east-1']);
  expect(await bench.run('scan-target', { target: TARGET }, deps)).toMatchObject({ status: 'denied' });
  expect(await bench.states()).toEqual({ queued: 2 });
});
