import type { BatchId } from '@muster/core/organization/ids';
import { roleFor } from '@muster/core/scan/matcher';
import { targetId } from '@muster/core/organization/target';
import { expect, test } from 'vitest';
import { createSeenEpochs } from '../control/seen-epochs.ts';
import { type BenchOptions, useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

/** A Redis that has forgotten, and what the target's own commands tell. */
const startWorkerBench = useWorkerBench();
const install = (bench: WorkerBench) => bench.run('install-batch', { target: TARGET });

/** A batch is live, and then Redis is empty and the target has been scanned anew. */
async function startForgetful(options: BenchOptions): Promise<WorkerBench> {
  const bench = await startWorkerBench(options);
  await bench.scanned();
  await install(bench);
  await forget(bench);
  return bench;
}

async function forget(bench: WorkerBench): Promise<void> {
  await bench.store.redis.flushall();
  await bench.scanned();
}

/** Past the time in which a send under the last epoch may still be under way or hidden. */
function passTheEpoch(bench: WorkerBench): void {
  const { sendWindowMs, visibilityMs } = bench.deps.config.install;
  bench.advance(sendWindowMs + visibilityMs + bench.deps.timings.clockSkewMs + 1_000);
}

test('under a new epoch nothing is sent before the last one can have no send under way', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), newEpoch: true });
  await bench.scanned();
  const calls = bench.front.count('ListCommandInvocations');

  expect(await install(bench)).toEqual({ sent: 0, instances: 0, stopped: 'epoch' });
  expect(bench.front.count('ListCommandInvocations')).toBe(calls);
  expect(await bench.dueAt('install', targetId(TARGET))).toBeGreaterThan(bench.now());

  passTheEpoch(bench);
  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
  expect(bench.front.calls.indexOf('ListCommandInvocations')).toBeLessThan(
    bench.front.calls.indexOf('SendCommand'),
  );
});

test('a new primary whose clock is ahead does not shorten the wait of a process that has seen the change', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), newEpoch: true });
  let countMs = 0;
  const deps = { ...bench.deps, seenEpochs: createSeenEpochs({ monotonicMs: () => countMs }) };
  const installs = () => bench.run('install-batch', { target: TARGET }, deps);
  await bench.scanned();
  expect(await installs()).toMatchObject({ stopped: 'epoch' });
  await bench.store.redis.flushall();
  await bench.scanned();
  expect(await installs()).toMatchObject({ stopped: 'epoch' });

  bench.advance(600_000);
  expect(await installs()).toMatchObject({ sent: 0, stopped: 'epoch' });

  countMs = 600_000;
  expect(await installs()).toMatchObject({ sent: 1 });
});

test('a live command is adopted before the first send after Redis forgot it, and followed to its end', async () => {
  const bench = await startForgetful({
    world: aWorld([
      ...someInstances(1),
      ...someInstances(1, { outcome: { kind: 'hangs' } }, 1),
      ...someInstances(1, {}, 2),
    ]),
    // Two of three were sent to: no worker knows the third.
    config: { muster: { limits: { installs_in_flight: 2 } } },
    // Faster, the agent would end the hanging install (300 simulated seconds) before a slow machine has canceled it.
    speed: 1,
  });
  expect(await bench.states()).toEqual({ queued: 3 });
  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'epoch' });
  passTheEpoch(bench);

  await install(bench);

  const [command] = await bench.commands();
  const adopted = (await bench.intents()).find((intent) => intent.command?.commandId === command?.id);
  expect(adopted?.instanceIds.toSorted()).toEqual([instanceId(0), instanceId(1)]);
  expect((await bench.record(instanceId(1))).state).toBe('installing');
  if (adopted === undefined) throw new Error('the command was not adopted');
  await bench.run('cancel-command', { target: TARGET, batchId: adopted.batchId, instanceId: instanceId(1) });
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId: adopted.batchId });
  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'installed', attemptCount: 1 });
  expect(await bench.cause(instanceId(1))).toBe('ec2-ssm-canceled');
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0 });
  expect(bench.aws.report().installs.perInstance).not.toHaveProperty('2');
});

test('a command that ended while Redis was empty is taken in, and no host is sent to twice', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(3)) });
  await bench.scanned();
  await install(bench);
  await bench.commandsEnded();
  await forget(bench);
  await install(bench);
  passTheEpoch(bench);

  expect(await install(bench)).toMatchObject({ sent: 0 });

  const { batchId } = await bench.intent();
  await bench.run('collect-command', { target: TARGET, batchId });
  expect(await bench.states()).toEqual({ installed: 3 });
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0, perInstance: { '1': 3 } });
});

test('a live command is adopted also when its instances are not known yet', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), speed: 1 });
  await bench.scanned();
  await install(bench);
  await bench.store.redis.flushall();
  await bench.discover();
  await install(bench);
  passTheEpoch(bench);
  await install(bench);
  expect((await bench.intents()).length).toBe(1);

  await bench.run('scan-target', { target: TARGET });

  expect(await install(bench)).toMatchObject({ sent: 0 });
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0 });
});

/** As a worker with another document would have sent it. */
const OLD_DOCUMENT = JSON.stringify({
  schemaVersion: '2.2',
  mainSteps: [{ action: 'aws:runShellScript', name: 'install', inputs: { runCommand: ['sleep 600'] } }],
});

test('a live command is adopted whatever document it was sent with: the configuration may have been another', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1, { outcome: { kind: 'hangs' } }), {
      documents: { 'Old-Installer': OLD_DOCUMENT },
    }),
    speed: 1,
  });
  await bench.scanned();
  const [matcher] = bench.deps.config.matchers;
  if (matcher === undefined) throw new Error('there is a matcher');
  const batchId = bench.deps.newId() as BatchId;
  const sent = await bench.deps.commands.sendCommand(
    { ...TARGET, role: roleFor(matcher, ACCOUNT) },
    {
      documentName: 'Old-Installer',
      instanceIds: [instanceId(0)],
      parameters: {},
      comment: bench.marker(batchId),
      deliveryTimeoutSeconds: 600,
      windowEndMonotonicMs: bench.deps.clock.monotonicMs() + 10_000,
    },
    AbortSignal.timeout(10_000),
  );
  if (sent.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(sent)}`);

  expect(await install(bench)).toMatchObject({ sent: 0 });

  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'installing', batchId });
  const { command, documentName } = await bench.intent();
  expect(documentName).toBe('Old-Installer');
  // It is unknown how long it was given: it is followed for as long as any command may run.
  expect(command?.expiresAtMs).toBeGreaterThan(bench.now() + 48 * 3_600_000);
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0, perInstance: { '1': 1 } });
});

test('old ends that the record no longer keeps are not taken for news after a restart of Redis', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1, { outcome: { kind: 'exits', exitCode: 3 } })),
    config: { muster: { backoff: { operator_first: '1s', transient_first: '1s', cap: '2s' } } },
  });
  await bench.scanned();
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    expect(await install(bench)).toMatchObject({ sent: 1 });
    await bench.commandsEnded();
    await bench.run('collect-command', { target: TARGET, batchId: (await bench.intent()).batchId });
    bench.advance(3_000);
  }
  const before = await bench.record(instanceId(0));
  expect(before.attempts.length).toBeLessThan(before.attemptCount);
  const { enrollments } = bench.ledger;
  await enrollments.noteListing(TARGET, await enrollments.lastListing(TARGET), 'the one before the restart');
  await bench.ledger.control.pause({
    scope: `instance:${instanceId(0)}`,
    atMs: 0,
    by: 'operator',
    reason: '',
  });

  await install(bench);

  expect(await bench.record(instanceId(0))).toEqual(before);
  expect(await bench.intents()).toEqual([]);
});

test('commands of other installations are not adopted', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), speed: 1 });
  await bench.scanned();
  const [matcher] = bench.deps.config.matchers;
  if (matcher === undefined) throw new Error('there is a matcher');
  await bench.deps.commands.sendCommand(
    { ...TARGET, role: roleFor(matcher, ACCOUNT) },
    {
      documentName: 'AWS-RunShellScript',
      instanceIds: [instanceId(0)],
      parameters: { commands: ['sleep 60'] },
      comment: bench.marker('01JD8Q4T5W6X7Y8Z9A0B1C2D3E' as BatchId, { installation: 'aaaaaaaaaaaa' }),
      deliveryTimeoutSeconds: 60,
      windowEndMonotonicMs: bench.deps.clock.monotonicMs() + 10_000,
    },
    AbortSignal.timeout(10_000),
  );

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });

  expect((await bench.intents()).length).toBe(1);
});

test('as long as the target’s own commands cannot be listed, nothing is sent to it', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.aws.change({ op: 'add-fault', fault: { kind: 'error', apis: ['ssm:ListCommandInvocations'] } });

  await expect(install(bench)).rejects.toMatchObject({ code: 'aws.unavailable' });

  expect(bench.front.count('SendCommand')).toBe(0);
  expect(await bench.dueAt('install', targetId(TARGET))).not.toBeNull();
  await bench.aws.change({ op: 'clear-faults' });
  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

test('the target’s commands are looked through once per epoch', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await install(bench);
  const calls = bench.front.count('ListCommandInvocations');

  await install(bench);

  expect(bench.front.count('ListCommandInvocations')).toBe(calls);
});
