import type { Cause } from '@muster/core/enrollment/cause';
import { targetId } from '@muster/core/organization/target';
import { organizationMatcher } from '@muster/testing/system-config';
import type { WrittenInstance } from '@muster/aws-sim/world/written';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const scan = (bench: WorkerBench) => bench.run('scan-target', { target: TARGET });

test('candidates are queued, due to be installed, and hinted at', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(3)) });
  await bench.discover();
  bench.jobs.splice(0);

  const result = await scan(bench);

  expect(result).toEqual({ status: 'complete', seen: 3, queued: 3, changed: 3 });
  expect(bench.jobs).toEqual([{ name: 'install-batch', payload: { target: TARGET } }]);
  expect(await bench.dueAt('install', targetId(TARGET))).not.toBeNull();
  expect(await bench.ledger.coverage.read(TARGET)).toMatchObject({
    status: 'complete',
    cause: null,
    failures: 0,
  });
});

test('an unchanged target is read again without a write, a hint, or a word with SSM', async () => {
  const bench = await startWorkerBench({
    config: { muster: { inventory: { source: 'tctl' } } },
    world: aWorld([...someInstances(2, { joined: true }), ...someInstances(1, { state: 'stopped' }, 2)]),
  });
  await bench.run('read-inventory', {});
  await bench.scanned();
  expect(await bench.states()).toEqual({ joined: 2 });
  const before = await bench.ledger.enrollments.readAll(TARGET);
  bench.jobs.splice(0);
  bench.front.calls.splice(0);
  bench.advance(bench.deps.config.pollIntervalMs);

  const result = await scan(bench);

  expect(result).toMatchObject({ status: 'complete', queued: 0, changed: 0 });
  expect(await bench.ledger.enrollments.readAll(TARGET)).toEqual(before);
  expect(bench.jobs).toEqual([]);
  expect(bench.front.calls.filter((call) => call !== 'AssumeRole')).toEqual(['DescribeInstances']);
});

test('an instance that waits does not change by being seen again', async () => {
  const bench = await startWorkerBench({
    world: aWorld([...someInstances(1), ...someInstances(1, { ssm: null }, 1)]),
  });
  await bench.scanned();
  const before = await bench.ledger.enrollments.readAll(TARGET);
  bench.advance(bench.deps.config.pollIntervalMs);

  expect(await scan(bench)).toMatchObject({ changed: 0 });

  expect(await bench.ledger.enrollments.readAll(TARGET)).toEqual(before);
});

test('stopped, untagged, terminated and started again are told apart', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(4)) });
  await bench.scanned();

  await bench.aws.change(
    { op: 'stop-instance', instanceId: instanceId(0) },
    { op: 'set-tags', instanceId: instanceId(1), tags: { env: 'dev' } },
    { op: 'terminate-instance', instanceId: instanceId(2) },
  );
  await scan(bench);
  expect(await Promise.all([0, 1, 2, 3].map(async (n) => (await bench.record(instanceId(n))).state))).toEqual(
    ['stopped', 'unmatched', 'gone', 'queued'],
  );

  await bench.aws.change(
    { op: 'start-instance', instanceId: instanceId(0) },
    { op: 'set-tags', instanceId: instanceId(1), tags: bench.facts.matchTags },
  );
  await scan(bench);
  expect(await bench.states()).toEqual({ queued: 3, gone: 1 });
});

test('a joined host that was stopped and started is given its time to rejoin before anything is sent', async () => {
  const bench = await startWorkerBench({
    config: { muster: { inventory: { source: 'tctl' } } },
    world: aWorld(someInstances(1, { joined: true })),
  });
  await bench.run('read-inventory', {});
  await bench.scanned();
  expect(await bench.states()).toEqual({ joined: 1 });
  await bench.aws.change({ op: 'stop-instance', instanceId: instanceId(0) });
  await scan(bench);
  expect(await bench.states()).toEqual({ stopped: 1 });
  bench.advance(60_000);
  await bench.aws.change({ op: 'start-instance', instanceId: instanceId(0) });

  await scan(bench);

  const record = await bench.record(instanceId(0));
  const { joinTimeoutMs } = bench.deps.config.install;
  expect(record).toMatchObject({ state: 'installed', joinDeadlineMs: record.changedAtMs + joinTimeoutMs });
  expect(await bench.dueAt('verify', targetId(TARGET))).not.toBeNull();
});

test('joined hosts stay joined, and are sent nothing, when the inventory shows none of them any more', async () => {
  const bench = await startWorkerBench({
    config: { muster: { inventory: { source: 'tctl' } } },
    world: aWorld(someInstances(2, { joined: true })),
  });
  await bench.run('read-inventory', {});
  await bench.scanned();
  expect(await bench.states()).toEqual({ joined: 2 });
  bench.teleport.setFaults({ inventory: 'empty' });
  expect(await bench.run('read-inventory', {})).toMatchObject({ nodes: 0, published: false });

  for (let round = 0; round < 3; round += 1) {
    bench.advance(60_000);
    await scan(bench);
    await bench.run('verify-joined', { target: TARGET });
    expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });
  }

  expect(await bench.states()).toEqual({ joined: 2 });
});

test('the record of a vanished instance is dropped after its retention, not before', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  await bench.aws.change({ op: 'terminate-instance', instanceId: instanceId(0) });
  await scan(bench);
  bench.advance(bench.deps.timings.goneMs - 60_000);
  await scan(bench);
  expect(await bench.states()).toEqual({ gone: 1 });
  bench.advance(120_000);

  await scan(bench);

  expect(await bench.states()).toEqual({});
});

const INELIGIBLE: readonly (readonly [Cause, Partial<WrittenInstance>])[] = [
  ['ec2-ssm-unsupported-os', { platform: 'windows' }],
  ['ec2-ssm-unsupported-os', { platform: 'macos' }],
  ['ec2-no-instance-profile', { profile: null, ssm: null }],
  ['ec2-ssm-agent-not-registered', { ssm: null }],
  ['ec2-ssm-agent-connection-lost', { ssm: { pingStatus: 'ConnectionLost' } }],
  ['ec2-ssm-agent-too-old', { ssm: { agentVersion: '3.0.1390.0' } }],
];

test.each(INELIGIBLE)('%s is said of %j, and no command is spent on it', async (cause, facts) => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1, facts)) });

  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });

  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'ineligible', cause });
  expect(await bench.commands()).toEqual([]);
});

test('an instance without a profile that SSM manages all the same is a candidate', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1, { profile: null })) });

  await bench.scanned();

  expect(await bench.states()).toEqual({ queued: 1 });
});

test('an instance younger than its matcher asks for waits until it is older', async () => {
  const bench = await startWorkerBench({
    world: aWorld([]),
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), min_instance_age: '10m' }] },
    }),
  });
  await bench.aws.change({
    op: 'launch-instances',
    accountId: ACCOUNT,
    instance: { region: TARGET.region, id: instanceId(0), ssm: { registersAfterMs: 0 } },
  });
  await bench.scanned();
  expect(await bench.cause(instanceId(0))).toBe('ec2-too-young');
  bench.advance(10 * 60_000);

  await scan(bench);

  expect(await bench.states()).toEqual({ queued: 1 });
});

test('an ineligible instance is a candidate as soon as its cause is gone', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1, { ssm: null })) });
  await bench.scanned();
  await bench.aws.change({ op: 'set-ssm', instanceId: instanceId(0), ssm: {} });

  await scan(bench);

  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'queued' });
});

test('an instance that is still pending is neither judged nor forgotten', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1, { state: 'pending' })) });

  await bench.scanned();

  expect(await bench.states()).toEqual({});
});

test('of two matchers that want an instance the first in file order owns it', async () => {
  const bench = await startWorkerBench({
    world: aWorld([
      ...someInstances(1, { tags: { env: 'prod', team: 'red' } }),
      ...someInstances(1, { tags: { env: 'prod' } }, 1),
      ...someInstances(1, { tags: { team: 'red' } }, 2),
    ]),
    config: (facts) => ({
      discovery_service: {
        aws: [
          {
            ...organizationMatcher(facts),
            tags: { team: 'red' },
            install: { join_params: { token_name: 'red' } },
          },
          organizationMatcher(facts),
        ],
      },
    }),
  });

  await bench.scanned();

  const [red, prod] = bench.deps.config.matchers;
  const owners = await Promise.all(
    [0, 1, 2].map(async (n) => (await bench.record(instanceId(n))).matcherKey),
  );
  expect(owners).toEqual([red?.key, prod?.key, red?.key]);
});

test('of two matchers with different roles the first in file order owns what both see', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1)),
    config: (facts) => ({
      discovery_service: {
        aws: [
          { ...organizationMatcher(facts), tags: { env: 'nothing' }, assume_role_name: 'first' },
          { ...organizationMatcher(facts), assume_role_name: 'second' },
          {
            ...organizationMatcher(facts),
            assume_role_name: 'first',
            install: { join_params: { token_name: 'x' } },
          },
        ],
      },
    }),
  });

  await bench.scanned();

  expect((await bench.record(instanceId(0))).matcherKey).toBe(bench.deps.config.matchers[1]?.key);
  expect(bench.front.count('DescribeInstances')).toBe(2);
});

test('an instance that a tag excludes is left alone, also when it was a candidate before', async () => {
  const bench = await startWorkerBench({
    world: aWorld([...someInstances(1), ...someInstances(1, { tags: { env: 'prod', muster: 'off' } }, 1)]),
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), exclude_tags: { muster: 'off' } }] },
    }),
  });
  await bench.scanned();
  expect([...(await bench.records()).keys()]).toEqual([instanceId(0)]);

  await bench.aws.change({ op: 'set-tags', instanceId: instanceId(0), tags: { env: 'prod', muster: 'off' } });
  await scan(bench);

  expect(await bench.states()).toEqual({ unmatched: 1 });
  expect(await bench.ledger.enrollments.candidates(TARGET, bench.now(), 10)).toEqual([]);
});

test('an instance in a shared subnet is left to the account that owns it', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  bench.front.rewrite = (operation, answer) =>
    operation === 'DescribeInstances'
      ? { ...answer, body: answer.body.replaceAll(`<ownerId>${ACCOUNT}`, '<ownerId>222233334444') }
      : answer;

  await bench.scanned();

  expect(await bench.states()).toEqual({});
  expect(await bench.ledger.coverage.read(TARGET)).toMatchObject({ status: 'complete' });
});

test('a host that has joined by itself is joined, and never a candidate', async () => {
  const bench = await startWorkerBench({
    config: { muster: { inventory: { source: 'tctl' } } },
    world: aWorld([...someInstances(1, { joined: true, ssm: null }), ...someInstances(1, {}, 1)]),
  });
  await bench.run('read-inventory', {});

  await bench.scanned();

  expect(await bench.record(instanceId(0))).toMatchObject({
    state: 'joined',
    joinedAtMs: expect.any(Number),
  });
  expect(await bench.record(instanceId(1))).toMatchObject({ state: 'queued' });
});

test('a scan leaves an instance with an open command alone, whatever it sees', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), speed: 1 });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const before = await bench.ledger.enrollments.readAll(TARGET);
  await bench.aws.change(
    { op: 'terminate-instance', instanceId: instanceId(0) },
    { op: 'set-tags', instanceId: instanceId(1), tags: {} },
  );

  await scan(bench);

  expect(await bench.states()).toEqual({ installing: 2 });
  expect(await bench.ledger.enrollments.readAll(TARGET)).toEqual(before);
});

test('a target that is no longer in scope and holds nothing ends its own work', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });
  await bench.scanned();
  await bench.ledger.coverage.removeAccount(ACCOUNT);

  expect(await scan(bench)).toMatchObject({ status: 'retired' });

  expect(await bench.dueAt('scan', targetId(TARGET))).toBeNull();
});
