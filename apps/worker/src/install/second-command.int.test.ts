import type { BatchId } from '@muster/core/organization/ids';
import { roleFor } from '@muster/core/scan/matcher';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();

/** Two commands of Muster are live on the first of two instances, and a Redis that has forgotten both finds them. */
async function startDoubled(deniedActions: readonly string[] = []): Promise<WorkerBench> {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2, { outcome: { kind: 'hangs' } }), {
      account: { deniedActions: [...deniedActions] },
    }),
    speed: 1,
  });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  await sendByHand(bench);
  await bench.store.redis.flushall();
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { sendWindowMs, visibilityMs } = bench.deps.config.install;
  bench.advance(sendWindowMs + visibilityMs + bench.deps.timings.clockSkewMs + 1);
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });
  expect((await bench.intents()).length).toBe(2);
  return bench;
}

/** What no Muster does: a second command with a marker of ours, a moment after the first. */
async function sendByHand(bench: WorkerBench): Promise<void> {
  const [matcher] = bench.deps.config.matchers;
  if (matcher === undefined) throw new Error('there is a matcher');
  bench.advance(1_500);
  const result = await bench.deps.commands.sendCommand(
    { ...TARGET, role: roleFor(matcher, ACCOUNT) },
    {
      documentName: 'AWS-RunShellScript',
      instanceIds: [instanceId(0)],
      parameters: { commands: ['sleep 600'] },
      comment: bench.marker(bench.deps.newId() as BatchId),
      deliveryTimeoutSeconds: 60,
      windowEndMonotonicMs: bench.deps.clock.monotonicMs() + 10_000,
    },
    AbortSignal.timeout(10_000),
  );
  expect(result.kind).toBe('accepted');
}

async function collectAll(bench: WorkerBench): Promise<void> {
  for (const { batchId } of await bench.intents()) {
    await bench.run('collect-command', { target: TARGET, batchId });
  }
}

/** StatusDetails of the first instance, by command in the order of sending. */
async function onFirst(bench: WorkerBench): Promise<readonly (string | undefined)[]> {
  return (await bench.commands()).map(
    ({ invocations }) => invocations.find((one) => one.instanceId === instanceId(0))?.statusDetails,
  );
}

test('of two live commands on one instance the younger is canceled, with an alarm, and both are followed', async () => {
  const bench = await startDoubled();

  await collectAll(bench);

  expect(await bench.findings()).toContain(`two-live-commands instance:${instanceId(0)}`);
  const [older, younger] = await onFirst(bench);
  expect(['Cancelling', 'Cancelled']).toContain(younger);
  expect(['Pending', 'InProgress', 'Delayed']).toContain(older);
  // The other instance has but one, which goes on.
  expect((await bench.record(instanceId(1))).state).toBe('installing');

  bench.advance(1_000);
  await expect.poll(() => onFirst(bench), { timeout: 15_000 }).toContain('Cancelled');
  await collectAll(bench);
  expect((await bench.intents()).map(({ instanceIds }) => instanceIds.length)).toEqual([2]);
  // Nothing is sent to it while the older one runs.
  bench.advance(2 * 3_600_000);
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });
});

test('where the role may not cancel, the alarm says how to do it by hand', async () => {
  const bench = await startDoubled(['ssm:CancelCommand']);

  await collectAll(bench);

  const findings = await bench.ledger.control.findings();
  const alarm = findings.find(({ kind }) => kind === 'two-live-commands');
  const [, second] = await bench.commands();
  expect(alarm?.remedy).toContain(`cancel-command --region ${TARGET.region} --command-id ${second?.id}`);
  const refused = findings.find(({ kind }) => kind === 'command-not-canceled');
  expect(refused?.message).toContain(second?.id);
  expect(refused?.remedy).toContain('ssm:CancelCommand');
  const [older, younger] = await onFirst(bench);
  expect([older, younger]).not.toContain('Cancelled');
});

test('a second command that has ended already is no alarm', async () => {
  const bench = await startDoubled();
  const [, second] = await bench.commands();
  const [matcher] = bench.deps.config.matchers;
  if (second === undefined || matcher === undefined) throw new Error('there are two commands');
  await bench.deps.commands.cancelCommand(
    { ...TARGET, role: roleFor(matcher, ACCOUNT) },
    second.id as never,
    [instanceId(0)],
    AbortSignal.timeout(10_000),
  );
  await expect.poll(() => onFirst(bench), { timeout: 15_000 }).toContain('Cancelled');

  await collectAll(bench);

  expect(await bench.findings()).not.toContain(`two-live-commands instance:${instanceId(0)}`);
});
