import type { WrittenInstance } from '@muster/aws-sim/world/written';
import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import { aRecord } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { collect, dueInMs, shows, useSentBatch } from '../fixtures/sent-batch.fixture.ts';
import { useWorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const startSent = useSentBatch(startWorkerBench);

test('ends are recorded as they come, and the command is followed until its last one', async () => {
  const bench = await startSent({
    world: aWorld([...someInstances(1), ...someInstances(1, { outcome: { kind: 'hangs' } }, 1)]),
    speed: 1,
  });
  await shows(bench, 0, 'Success');

  expect(await collect(bench)).toEqual({ ended: 1, open: 1, state: 'live' });

  expect(await bench.states()).toEqual({ installed: 1, installing: 1 });
  expect(await bench.intent()).toMatchObject({ polls: 1 });
  expect(await dueInMs(bench)).toBeGreaterThan(0);

  await bench.run('cancel-command', { target: TARGET, batchId: bench.batchId, instanceId: instanceId(1) });
  await bench.commandsEnded();
  expect(await collect(bench)).toEqual({ ended: 2, open: 0, state: 'ended' });
  expect(await bench.states()).toEqual({ installed: 1, failed: 1 });
  expect(await bench.cause(instanceId(1))).toBe('ec2-ssm-canceled');
  expect(await bench.intents()).toEqual([]);
  expect(await bench.ledger.caps.places()).toEqual([]);
  expect(await dueInMs(bench)).toBeNull();
  // The first end was recorded once.
  expect((await bench.record(instanceId(0))).attemptCount).toBe(1);
});

type Outcome = WrittenInstance['outcome'];
const ENDS: readonly (readonly [
  what: string,
  Outcome,
  Partial<EnrollmentRecord> & Record<string, unknown>,
  number,
])[] = [
  ['an installer that joins', { kind: 'joins' }, { state: 'installed' }, 0],
  ['no bash', { kind: 'preflight', exitCode: 100 }, { state: 'failed', cause: 'host-no-bash' }, 100],
  ['no sudo', { kind: 'preflight', exitCode: 101 }, { state: 'failed', cause: 'host-no-sudo' }, 101],
  ['no curl', { kind: 'preflight', exitCode: 102 }, { state: 'failed', cause: 'host-no-curl' }, 102],
  ['a full disk', { kind: 'preflight', exitCode: 103 }, { state: 'failed', cause: 'host-disk-full' }, 103],
  [
    'a proxy out of reach',
    { kind: 'preflight', exitCode: 104 },
    { state: 'failed', cause: 'host-proxy-unreachable' },
    104,
  ],
  [
    'a foreign agent',
    { kind: 'exits', exitCode: 120 },
    { state: 'ineligible', cause: 'host-managed-elsewhere', failures: 0 },
    120,
  ],
  [
    'an agent that does not join',
    { kind: 'join-refused' },
    { state: 'failed', cause: 'ec2-join-failure' },
    150,
  ],
  [
    'any other exit code',
    { kind: 'exits', exitCode: 7 },
    { state: 'failed', cause: 'ec2-ssm-script-failure' },
    7,
  ],
  ['a script that hangs', { kind: 'hangs' }, { state: 'failed', cause: 'ec2-ssm-execution-timed-out' }, 137],
  [
    'an agent that vanishes',
    { kind: 'vanishes' },
    { state: 'failed', cause: 'ec2-ssm-delivery-timed-out' },
    -1,
  ],
  [
    'an agent out of reach',
    { kind: 'undeliverable' },
    { state: 'failed', cause: 'ec2-ssm-undeliverable' },
    -1,
  ],
];

test('every kind of end has its own cause, in one look at one command', async () => {
  const instances = ENDS.flatMap(([, outcome], n) => someInstances(1, { outcome }, n));
  const bench = await startSent({ world: aWorld(instances), speed: 1_000 });
  await bench.commandsEnded();
  bench.front.calls.splice(0);

  expect(await collect(bench)).toEqual({ ended: ENDS.length, open: 0, state: 'ended' });

  expect(bench.front.calls).toEqual(['ListCommandInvocations']);
  for (const [n, [what, , expected, exitCode]] of ENDS.entries()) {
    const record = await bench.record(instanceId(n));
    const { batchId } = bench;
    expect({ what, ...record }).toMatchObject({ what, ...expected, attempts: [{ exitCode, batchId }] });
  }
});

test('an end that was recorded stays, whatever SSM shows later', async () => {
  const bench = await startSent({
    world: aWorld([...someInstances(1), ...someInstances(1, { outcome: { kind: 'hangs' } }, 1)]),
    speed: 1,
  });
  await shows(bench, 0, 'Success');
  await collect(bench);
  const ended = await bench.record(instanceId(0));
  expect(ended.state).toBe('installed');

  for (const word of ['InProgress', 'Failed']) {
    bench.front.rewrite = (operation, answer) =>
      operation === 'ListCommandInvocations'
        ? { ...answer, body: answer.body.replaceAll('"Success"', `"${word}"`) }
        : answer;
    expect(await collect(bench)).toMatchObject({ state: 'live' });
    expect(await bench.record(instanceId(0))).toEqual(ended);
  }
});

test('a record that went back to before the answer ends with its command all the same', async () => {
  const bench = await startSent({ world: aWorld(someInstances(2)), speed: 20 });
  // As after a rollback of Redis that spared the intent.
  const records = await bench.ledger.enrollments.readAll(TARGET);
  const changes = [...records].map(([id, { version, value }]) => ({
    instanceId: id,
    expected: version,
    value: {
      ...aRecord('sending'),
      instanceId: id,
      matcherKey: value.matcherKey,
      batchId: bench.batchId,
    },
  }));
  await bench.ledger.enrollments.write(TARGET, 'all', changes, []);
  expect(await bench.states()).toEqual({ sending: 2 });
  await bench.commandsEnded();

  expect(await collect(bench)).toMatchObject({ ended: 2, open: 0, state: 'ended' });

  expect(await bench.states()).toEqual({ installed: 2 });
});

test('what had a live command when its account left is followed to its end, and is gone then', async () => {
  const bench = await startSent({ world: aWorld(someInstances(2)), speed: 20 });
  bench.front.rewrite = (operation, answer) =>
    operation.startsWith('ListAccounts')
      ? { ...answer, body: answer.body.replaceAll(ACCOUNT, '999988887777') }
      : answer;
  await bench.run('list-accounts', {});
  expect(await bench.ledger.coverage.accountIds()).not.toContain(ACCOUNT);
  expect(await bench.states()).toEqual({ installing: 2 });
  await bench.commandsEnded();

  expect(await collect(bench)).toMatchObject({ ended: 2, open: 0 });

  expect(await bench.states()).toEqual({ gone: 2 });
});
