import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import type { BatchId } from '@muster/core/organization/ids';
import { collectMember } from '@muster/core/jobs/catalog';
import { targetId } from '@muster/core/organization/target';
import { organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const install = (bench: WorkerBench) => bench.run('install-batch', { target: TARGET });

test('120 candidates become commands of at most 50 instances, each with its own intent', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(120)),
    config: { muster: { limits: { installs_in_flight_per_target: 200 } } },
    speed: 1,
  });
  await bench.scanned();

  const result = await install(bench);

  expect(result).toMatchObject({ sent: 3, instances: 120, stopped: 'idle' });
  expect(await bench.sentSizes()).toEqual([50, 50, 20]);
  const intents = await bench.intents();
  const commands = await bench.commands();
  expect(intents.map(({ batchId }) => bench.marker(batchId)).toSorted()).toEqual(
    commands.map(({ comment }) => comment).toSorted(),
  );
  for (const { batchId, command, instanceIds } of intents) {
    const sent = commands.find(({ id }) => id === command?.commandId);
    expect(sent?.comment).toBe(bench.marker(batchId));
    expect(sent?.invocations.map((one) => one.instanceId).toSorted()).toEqual([...instanceIds].toSorted());
    expect(await bench.dueAt('collect', collectMember(TARGET, batchId))).toBeGreaterThan(bench.now());
  }
  expect(await bench.states()).toEqual({ installing: 120 });
  expect(bench.aws.report().installs.perInstance).toMatchObject({ '1': 120 });
  expect((await bench.ledger.statistics.read()).commandsSent).toBe(3);
});

test('a second job finds nothing to send, and is due again only when there is something', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(3)), speed: 1 });
  await bench.scanned();
  await install(bench);

  expect(await install(bench)).toEqual({ sent: 0, instances: 0, stopped: 'idle' });

  expect(await bench.dueAt('install', targetId(TARGET))).toBeNull();
  expect(await bench.sentSizes()).toEqual([3]);
});

test('two jobs at once send to each instance once', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(60)), speed: 1 });
  await bench.scanned();

  await Promise.all([install(bench), install(bench), install(bench)]);

  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0, perInstance: { '1': 60 } });
  expect(await bench.states()).toEqual({ installing: 60 });
});

test.each([
  ['installs_in_flight', { installs_in_flight: 7 }, 'total', 'behind them'],
  ['installs_in_flight_per_account', { installs_in_flight_per_account: 7 }, `a:${ACCOUNT}`, 'behind them'],
  ['installs_in_flight_per_target', { installs_in_flight_per_target: 7 }, 'total', 'soon'],
] as const)(
  'while %s is full and others wait, a target looks again in its turn',
  async (_, limits, sum, when) => {
    const bench = await startWorkerBench({
      world: aWorld(someInstances(10)),
      config: { muster: { limits } },
    });
    await bench.scanned();
    for (let n = 0; n < 600; n += 1) {
      await bench.ledger.caps.nextTurnMs([sum], { atLeastMs: 0, apartMs: 100 });
    }

    expect(await install(bench)).toMatchObject({ sent: 1, instances: 7, stopped: 'cap' });

    const inMs = ((await bench.dueAt('install', targetId(TARGET))) ?? 0) - bench.now();
    expect(inMs > 40_000 ? 'behind them' : 'soon').toBe(when);
  },
);

const CAPS = [
  ['installs_in_flight', { installs_in_flight: 7 }],
  ['installs_in_flight_per_account', { installs_in_flight_per_account: 7 }],
  ['installs_in_flight_per_target', { installs_in_flight_per_target: 7 }],
] as const;

test.each(CAPS)(
  '%s is never passed, and a place is free again when its host has joined',
  async (_, limits) => {
    const bench = await startWorkerBench({
      world: aWorld(someInstances(10)),
      config: { muster: { limits, inventory: { source: 'tctl' } } },
    });
    await bench.run('read-inventory', {});
    await bench.scanned();

    expect(await install(bench)).toEqual({ sent: 1, instances: 7, stopped: 'cap' });
    expect(await install(bench)).toEqual({ sent: 0, instances: 0, stopped: 'cap' });
    const dueAtMs = (await bench.dueAt('install', targetId(TARGET))) ?? 0;
    const { retryMs, turnApartMs } = bench.deps.timings;
    expect(dueAtMs - bench.now()).toBeLessThanOrEqual(retryMs + turnApartMs);

    const { batchId } = await bench.intent();
    await bench.commandsEnded();
    await bench.run('collect-command', { target: TARGET, batchId });
    expect(await bench.states()).toEqual({ installed: 7, queued: 3 });
    expect(await install(bench)).toEqual({ sent: 0, instances: 0, stopped: 'cap' });

    await bench.run('read-inventory', {});
    await bench.run('verify-joined', { target: TARGET });
    expect(await bench.ledger.caps.places()).toEqual([]);
    expect(await install(bench)).toMatchObject({ sent: 1, instances: 3 });
  },
);

test('a candidate that has joined meanwhile is recorded as joined, not sent to', async () => {
  const bench = await startWorkerBench({
    config: { muster: { inventory: { source: 'tctl' } } },
    world: aWorld([...someInstances(1, { joined: true }), ...someInstances(1, {}, 1)]),
  });
  await bench.scanned();
  expect(await bench.states()).toEqual({ queued: 2 });
  await bench.run('read-inventory', {});

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 1 });

  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'joined' });
  expect(await bench.record(instanceId(1))).toMatchObject({ state: 'installing' });
});

test('an instance in any open intent is not claimed, whatever its record says', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  const [matcher] = bench.deps.config.matchers;
  if (matcher === undefined) throw new Error('there is a matcher');
  const batchId = '01JD8Q4T5W6X7Y8Z9A0B1C2D3E' as BatchId;
  const intent = {
    batchId,
    matcherKey: matcher.key,
    documentName: 'AWS-RunShellScript',
    instanceIds: [instanceId(0)],
    intentAtMs: bench.now(),
    notAfterMs: bench.now(),
    epoch: 'another',
    command: null,
    polls: 0,
  };
  await bench.ledger.enrollments.write(TARGET, 'all', [], [{ batchId, expected: 0, value: intent }]);

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 1 });

  expect((await bench.record(instanceId(0))).state).toBe('queued');
});

test('candidates of two matchers are never in one command, and each gets its own token', async () => {
  const bench = await startWorkerBench({
    world: aWorld([...someInstances(2, { tags: { team: 'red' } }), ...someInstances(3, {}, 2)]),
    config: (facts) => ({
      discovery_service: {
        aws: [
          {
            ...organizationMatcher(facts),
            tags: { team: 'red' },
            install: { join_params: { token_name: 'red-token', method: 'iam' } },
          },
          organizationMatcher(facts),
        ],
      },
    }),
  });
  await bench.scanned();

  await install(bench);

  const commands = await bench.commands();
  const sizes = commands.map(({ invocations, parameters }) => [
    invocations.length,
    parameters['commands']?.join('\n').includes('red-token'),
  ]);
  expect(sizes).toHaveLength(2);
  expect(sizes).toEqual(
    expect.arrayContaining([
      [2, true],
      [3, false],
    ]),
  );
});

test('a custom document gets token, scriptName and env, and no script', async () => {
  const content = JSON.stringify({
    schemaVersion: '2.2',
    parameters: {
      token: { type: 'String' },
      scriptName: { type: 'String' },
      env: { type: 'String', default: 'X=Y' },
    },
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'install',
        inputs: {
          runCommand: ['curl https://proxy/webapi/scripts/installer/{{ scriptName }} | sh -s {{ token }}'],
        },
      },
    ],
  });
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1), { documents: { 'Own-Installer': content } }),
    config: (facts) => ({
      discovery_service: {
        aws: [
          {
            ...organizationMatcher(facts),
            ssm: { document_name: 'Own-Installer' },
            install: {
              join_params: { token_name: 'own-token', method: 'iam' },
              script_name: 'own-script',
              suffix: 'blue',
            },
          },
        ],
      },
    }),
  });
  await bench.scanned();

  expect(await install(bench)).toMatchObject({ sent: 1 });

  expect(await bench.commands()).toMatchObject([
    {
      documentName: 'Own-Installer',
      parameters: { token: ['own-token'], scriptName: ['own-script'], env: ['TELEPORT_INSTALL_SUFFIX=blue'] },
    },
  ]);
});

/** A matcher like the usual one, with another join token: so with another key. */
function withToken(token: string) {
  return (facts: WorkerBench['facts']) => ({
    discovery_service: {
      aws: [
        { ...organizationMatcher(facts), install: { join_params: { token_name: token, method: 'iam' } } },
      ],
    },
  });
}

test('a matcher that this worker does not hold is config-skew: nothing is sent, and it is said', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();

  const other = bench.depsWith(withToken('new-token'));

  const result = await bench.run('install-batch', { target: TARGET }, other);

  expect(result).toMatchObject({ sent: 0, stopped: 'idle' });
  expect(await bench.findings()).toEqual([`config-skew ${targetId(TARGET)}`]);
  expect(await bench.states()).toEqual({ queued: 2 });
  const waitMs = ((await bench.dueAt('install', targetId(TARGET))) ?? 0) - bench.now();
  expect(waitMs).toBeGreaterThan(0);

  // The scan of a worker that has the matcher ends it.
  await bench.run('scan-target', { target: TARGET }, other);
  expect(await bench.findings()).toEqual([]);
});

test('after a new token is configured and scanned, no command carries the old one', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  const newer = bench.depsWith(withToken('new-token'));

  await bench.run('scan-target', { target: TARGET }, newer);
  // A worker with the old configuration is still there, and comes first.
  expect(await install(bench)).toMatchObject({ sent: 0 });
  expect(await bench.findings()).toEqual([`config-skew ${targetId(TARGET)}`]);
  expect(await bench.run('install-batch', { target: TARGET }, newer)).toMatchObject({
    sent: 1,
    instances: 2,
  });

  const [command, ...others] = await bench.commands();
  expect(others).toEqual([]);
  const script = command?.parameters['commands']?.join('\n') ?? '';
  expect(script).toContain('new-token');
  expect(script).not.toContain(bench.facts.joinToken);
});

test('a failed instance is sent to again when its time has come, not before', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1, { outcome: { kind: 'exits', exitCode: 3 } })),
    config: { muster: { backoff: { operator_first: '10m' } } },
  });
  await bench.scanned();
  await install(bench);
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId: (await bench.intent()).batchId });
  const failed = await bench.record(instanceId(0));
  expect(failed).toMatchObject({ state: 'failed', failures: 1 });
  const { nextAttemptAtMs } = failed as Extract<EnrollmentRecord, { state: 'failed' }>;
  expect(nextAttemptAtMs - failed.changedAtMs).toBe(600_000);

  expect(await install(bench)).toMatchObject({ sent: 0 });
  const dueAtMs = (await bench.dueAt('install', targetId(TARGET))) ?? 0;
  expect(Math.abs(dueAtMs - nextAttemptAtMs)).toBeLessThan(1_000);
  bench.advance(nextAttemptAtMs - bench.now() + 1);
  expect(await install(bench)).toMatchObject({ sent: 1 });
});

test('a run that ends by itself leaves what failed since it began for a later one', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2, { outcome: { kind: 'exits', exitCode: 3 } })),
    config: { muster: { backoff: { operator_first: '10m' } } },
  });
  const once = { ...bench.deps, leaveFailedSinceMs: bench.now() };
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET }, once);
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId: (await bench.intent()).batchId });
  bench.advance(3_600_000);

  expect(await bench.run('install-batch', { target: TARGET }, once)).toMatchObject({ sent: 0 });
  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

test('an account that was removed ends the work of its targets', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  await bench.ledger.coverage.removeAccount(ACCOUNT);

  expect(await install(bench)).toEqual({ sent: 0, instances: 0, stopped: 'out-of-scope' });

  expect(await bench.dueAt('install', targetId(TARGET))).toBeNull();
});
