import type { FaultRule } from '@muster/aws-sim/faults/rules';
import type { BatchId, CommandId } from '@muster/core/organization/ids';
import { roleFor } from '@muster/core/scan/matcher';
import { targetId } from '@muster/core/organization/target';
import { collectMember } from '@muster/core/jobs/catalog';
import { eventually } from '@muster/testing/eventually';
import { expect, test } from 'vitest';
import { recordAccepted } from './send-outcome.ts';
import { sendAsMember } from '../fixtures/member-account.fixture.ts';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

/** The answer to a SendCommand was lost: what `collect-command` finds out. */
const startWorkerBench = useWorkerBench();

type Lost = WorkerBench & { readonly batchId: BatchId };

/** A batch of two whose send ended with a fault. */
async function startLost(kind: FaultRule['kind'], speed = 1, hosts = 2): Promise<Lost> {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(hosts)),
    config: { muster: { limits: { installs_in_flight: 2 } } },
    speed,
  });
  await bench.scanned();
  await bench.aws.change({ op: 'add-fault', fault: { kind, apis: ['ssm:SendCommand'], maxTimes: 1 } });
  await bench.run('install-batch', { target: TARGET });
  return { ...bench, batchId: (await bench.intent()).batchId };
}

const collect = (bench: Lost) => bench.run('collect-command', { target: TARGET, batchId: bench.batchId });

/** To a moment after the intent. */
async function passTo(bench: Lost, afterIntentMs: number): Promise<void> {
  const { intentAtMs } = await bench.intent();
  bench.advance(intentAtMs + afterIntentMs - bench.now());
}

test('before its time to send is over no worker asks: the one that wrote the intent may still be sending', async () => {
  const bench = await startLost('reset-after');
  const calls = bench.front.count('ListCommandInvocations');

  expect(await collect(bench)).toMatchObject({ open: 2, state: 'sending' });

  expect(bench.front.count('ListCommandInvocations')).toBe(calls);
  const dueAtMs = (await bench.dueAt('collect', collectMember(TARGET, bench.batchId))) ?? 0;
  expect(Math.abs(dueAtMs - (await bench.intent()).notAfterMs)).toBeLessThan(1_000);
});

test.each(['reset-after', 'error-after'] as const)(
  'a command whose answer was lost (%s) is found by its marker and followed to its end',
  async (kind) => {
    const bench = await startLost(kind, 200);
    await passTo(bench, bench.deps.config.install.sendWindowMs + 1);

    expect(await collect(bench)).toMatchObject({ state: 'found', open: 2 });

    const [command] = await bench.commands();
    expect((await bench.intent()).command?.commandId).toBe(command?.id);
    expect(await bench.states()).toEqual({ installing: 2 });
    expect((await bench.ledger.statistics.read()).commandsSent).toBe(1);
    await bench.commandsEnded();
    expect(await collect(bench)).toMatchObject({ state: 'ended', ended: 2 });
    expect(bench.aws.report().installs).toMatchObject({ whileLive: 0, perInstance: { '1': 2 } });
  },
);

test('a clock of ours that is ahead of AWS’s hides no command', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), speed: 1 });
  await bench.scanned();
  bench.advance(50_000);
  const fault: FaultRule = { kind: 'reset-after', apis: ['ssm:SendCommand'], maxTimes: 1 };
  await bench.aws.change({ op: 'add-fault', fault });
  await bench.run('install-batch', { target: TARGET });
  const lost = { ...bench, batchId: (await bench.intent()).batchId };
  await passTo(lost, bench.deps.config.install.sendWindowMs + 1);

  await eventually('the list shows the command', async () => (await collect(lost)).state === 'found');

  expect(await bench.states()).toEqual({ installing: 2 });
});

test('a command whose sender gave it more time than its finder would is not given up before that time', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)), speed: 1 });
  await bench.scanned();
  const patient = bench.depsWith({ muster: { install: { timeout: '20h' } } });
  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'reset-after', apis: ['ssm:SendCommand'], maxTimes: 1 },
  });
  await bench.run('scan-target', { target: TARGET }, patient);
  await bench.run('install-batch', { target: TARGET }, patient);
  const lost = { ...bench, batchId: (await bench.intent()).batchId };
  await passTo(lost, bench.deps.config.install.sendWindowMs + 1);

  expect(await collect(lost)).toMatchObject({ state: 'found' });

  const { command, intentAtMs } = await bench.intent();
  expect(command?.expiresAtMs).toBeGreaterThan(intentAtMs + 20 * 3_600_000);
});

test('a send that did not happen is held until AWS cannot accept it any more, and free then', async () => {
  const bench = await startLost('reset-before', 200);
  const { resendAfterMs, sendWindowMs, visibilityMs } = bench.deps.config.install;
  await passTo(bench, sendWindowMs + 1);

  expect(await collect(bench)).toMatchObject({ state: 'looked-for', open: 2 });
  const waitMs = ((await bench.dueAt('collect', collectMember(TARGET, bench.batchId))) ?? 0) - bench.now();
  expect(waitMs).toBeLessThanOrEqual(visibilityMs);

  await passTo(bench, resendAfterMs - 2_000);
  expect(await collect(bench)).toMatchObject({ state: 'looked-for' });
  expect(await bench.states()).toEqual({ sending: 2 });
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });

  await passTo(bench, resendAfterMs + 1);
  bench.jobs.splice(0);
  expect(await collect(bench)).toMatchObject({ state: 'not-sent', open: 0 });
  expect(await bench.states()).toEqual({ queued: 2 });
  expect(await bench.intents()).toEqual([]);
  expect(await bench.ledger.caps.places()).toEqual([]);
  expect(bench.jobs).toEqual([{ name: 'install-batch', payload: { target: TARGET } }]);
  expect((await bench.record(instanceId(0))).failures).toBe(0);

  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 1, instances: 2 });
  expect(await bench.sentSizes()).toEqual([2]);
});

test('a look that fails says nothing: not found is what a complete list does not show', async () => {
  const bench = await startLost('reset-after');
  await passTo(bench, bench.deps.config.install.resendAfterMs + 1);
  await bench.aws.change({ op: 'add-fault', fault: { kind: 'error', apis: ['ssm:ListCommandInvocations'] } });

  await expect(collect(bench)).rejects.toMatchObject({ code: 'aws.unavailable' });
  expect(await bench.states()).toEqual({ sending: 2 });

  await bench.aws.change({ op: 'clear-faults' });
  expect(await collect(bench)).toMatchObject({ state: 'found' });
});

test("a command of another installation is not ours, also with our batch's name", async () => {
  const bench = await startLost('reset-before');
  const [matcher] = bench.deps.config.matchers;
  if (matcher === undefined) throw new Error('there is a matcher');
  const sent = await bench.deps.commands.sendCommand(
    { ...TARGET, role: roleFor(matcher, TARGET.accountId) },
    {
      documentName: 'AWS-RunShellScript',
      instanceIds: [instanceId(0)],
      parameters: { commands: ['true'] },
      comment: bench.marker(bench.batchId, { installation: 'aaaaaaaaaaaa' }),
      deliveryTimeoutSeconds: 60,
      windowEndMonotonicMs: bench.deps.clock.monotonicMs() + 10_000,
    },
    AbortSignal.timeout(10_000),
  );
  expect(sent.kind).toBe('accepted');
  await passTo(bench, bench.deps.config.install.sendWindowMs + 1);

  expect(await collect(bench)).toMatchObject({ state: 'looked-for' });

  expect(await bench.states()).toEqual({ sending: 2 });
});

test.each([
  ['unsigned', (bench: Lost) => bench.marker(bench.batchId, { keys: [] }), [0]],
  ['to a host beyond the batch', (bench: Lost) => bench.marker(bench.batchId), [0, 2]],
  ['with a MAC of another batch', (bench: Lost) => `${bench.marker(bench.batchId).slice(0, -1)}_`, [0]],
] as const)('a forged answer is none: %s', async (_, commentOf, hosts) => {
  const bench = await startLost('reset-before', 1, 3);
  await sendAsMember(bench, commentOf(bench), hosts.map(instanceId));
  await passTo(bench, bench.deps.config.install.sendWindowMs + 1);

  expect(await collect(bench)).toMatchObject({ state: 'looked-for' });
});

test('a copy of the lost command, sent later, is not taken for it', async () => {
  const bench = await startLost('reset-after');
  const [genuine] = await bench.commands();
  await eventually('a later second', () => Date.now() > Date.parse(genuine?.requestedAt ?? '') + 1_100);
  await sendAsMember(bench, bench.marker(bench.batchId), [instanceId(1)]);
  await passTo(bench, bench.deps.config.install.sendWindowMs + 1);

  expect(await collect(bench)).toMatchObject({ state: 'found' });

  expect((await bench.intent()).command?.commandId).toBe(genuine?.id);
});

test('a worker that lacks the key of a lost send concludes nothing, and says so', async () => {
  const bench = await startLost('reset-after');
  await passTo(bench, bench.deps.config.install.resendAfterMs + 1);
  const deps = { ...bench.deps, config: { ...bench.deps.config, markerKeys: [] } };

  const answer = await bench.run('collect-command', { target: TARGET, batchId: bench.batchId }, deps);

  expect(answer).toMatchObject({ state: 'key-skew', open: 2 });
  expect(await bench.states()).toEqual({ sending: 2 });
  expect(await bench.findings()).toEqual([`config-skew ${targetId(TARGET)}`]);
  expect(await collect(bench)).toMatchObject({ state: 'found' });
});

test('a worker that dies after its claim leaves what another one ends', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), speed: 200 });
  await bench.scanned();
  const died = new Error('killed');
  const deps = {
    ...bench.deps,
    commands: { ...bench.deps.commands, sendCommand: () => Promise.reject(died) },
  };
  await expect(bench.run('install-batch', { target: TARGET }, deps)).rejects.toThrow('killed');
  const lost = { ...bench, batchId: (await bench.intent()).batchId };
  expect(await bench.states()).toEqual({ sending: 2 });

  await passTo(lost, bench.deps.config.install.resendAfterMs + 1);
  expect(await collect(lost)).toMatchObject({ state: 'not-sent' });
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 1, instances: 2 });
});

test('an answer that is recorded while the batch is being given up is not thrown away', async () => {
  const bench = await startLost('reset-before');
  const intent = await bench.intent();
  await passTo(bench, bench.deps.config.install.resendAfterMs + 1);
  const commandId = '00000000-0000-4000-8000-000000000001' as CommandId;
  bench.front.before = async (operation) => {
    if (operation !== 'ListCommandInvocations') return;
    const expiresAtMs = bench.now() + 420_000;
    await recordAccepted(TARGET, intent, { kind: 'accepted', commandId, expiresAtMs }, bench.deps);
  };

  expect(await collect(bench)).toMatchObject({ state: 'found', open: 2 });

  expect((await bench.intent()).command?.commandId).toBe(commandId);
  expect(await bench.states()).toEqual({ installing: 2 });
  expect(await bench.ledger.caps.places()).toHaveLength(2);
  expect(await bench.dueAt('collect', collectMember(TARGET, bench.batchId))).not.toBeNull();
});
