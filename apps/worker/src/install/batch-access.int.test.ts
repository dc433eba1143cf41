import type { BatchId } from '@muster/core/organization/ids';
import { targetId } from '@muster/core/organization/target';
import { collectMember } from '@muster/core/jobs/catalog';
import { aCommandId } from '@muster/testing/builders';
import { forgeBatch } from '@muster/testing/forger';
import { organizationMatcher } from '@muster/testing/system-config';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import { useSentBatch } from '../fixtures/sent-batch.fixture.ts';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const startSentBatch = useSentBatch(startWorkerBench);
const DAY_MS = 24 * 3_600_000;

/** An account that the configuration excludes, and a batch there that another client wrote. */
async function startForged(
  commandId: string | null,
): Promise<{ readonly bench: WorkerBench; readonly batchId: BatchId }> {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1)),
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), exclude_accounts: [ACCOUNT] }] },
    }),
  });
  await bench.discover();
  const batchId = ulid(bench.now()) as BatchId;
  const [matcher] = bench.deps.config.matchers;
  const matcherKey = matcher?.key ?? '';
  const nowMs = bench.now();
  await forgeBatch(bench.store, TARGET, {
    batchId,
    instanceIds: [instanceId(0)],
    matcherKey,
    commandId,
    nowMs,
  });
  bench.front.calls.splice(0);
  return { bench, batchId };
}

test.each([
  ['a command', aCommandId(1)],
  ['a lost answer', null],
])(
  'a forged batch with %s opens no account that the configuration excludes, and ends with its time',
  async (_, commandId) => {
    const { bench, batchId } = await startForged(commandId);

    expect(await bench.run('collect-command', { target: TARGET, batchId })).toMatchObject({
      state: 'unproven',
    });
    await bench.run('cancel-command', { target: TARGET, batchId, instanceId: null });

    expect(bench.front.calls).toEqual([]);
    expect(await bench.findings()).toEqual([`ledger-untrusted ${targetId(TARGET)}`]);
    const dueAtMs = (await bench.dueAt('collect', collectMember(TARGET, batchId))) ?? 0;
    expect(dueAtMs - bench.now()).toBeGreaterThan(60_000);

    bench.advance(3 * DAY_MS);
    await bench.run('collect-command', { target: TARGET, batchId });

    expect(bench.front.calls).toEqual([]);
    expect(await bench.intents()).toEqual([]);
    expect(await bench.dueAt('collect', collectMember(TARGET, batchId))).toBeNull();
  },
);

test('a batch that a worker sent is followed to its end after its account has left the scope', async () => {
  const bench = await startSentBatch({ world: aWorld(someInstances(2)) });
  const narrow = bench.depsWith((facts) => ({
    discovery_service: { aws: [{ ...organizationMatcher(facts), exclude_accounts: [ACCOUNT] }] },
  }));
  await bench.run('list-accounts', {}, narrow);
  expect(await bench.ledger.coverage.account(ACCOUNT)).toBeNull();
  await bench.commandsEnded();

  const { batchId } = bench;
  expect(await bench.run('collect-command', { target: TARGET, batchId }, narrow)).toMatchObject({
    state: 'ended',
    ended: 2,
  });

  expect(await bench.intents()).toEqual([]);
  expect(await bench.findings()).toEqual([]);
});

test('a batch of an older release, without a seal, is followed while its target is in scope', async () => {
  const bench = await startSentBatch({ world: aWorld(someInstances(1)) });
  const [stored] = await bench.ledger.enrollments.intents(TARGET);
  if (stored === undefined) throw new Error('there is an intent');
  const { seal: _, ...value } = stored.value;
  await bench.ledger.enrollments.write(
    TARGET,
    'each',
    [],
    [{ batchId: bench.batchId, expected: stored.version, value }],
  );
  await bench.commandsEnded();

  expect(await bench.run('collect-command', { target: TARGET, batchId: bench.batchId })).toMatchObject({
    state: 'ended',
  });
});
