import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const scan = (bench: WorkerBench) => bench.run('scan-target', { target: TARGET });

const BROKEN = [
  ['no record at all', 'garbage'],
  ['a cut text', '17|queued||1|'],
  ['a record of another release', '17|queued||1||{"state":"queued","answer":42}'],
] as const;

async function breakRecord(bench: WorkerBench, n: number, text: string): Promise<void> {
  await bench.store.redis.hset(bench.store.keys.target(TARGET).instances, instanceId(n), text);
}

async function breakIntent(bench: WorkerBench, batchId: string): Promise<void> {
  await bench.store.redis.hset(bench.store.keys.target(TARGET).intents, batchId, '1|{"batchId":');
}

/** Past the wait that a new epoch, or a target to be looked through anew, asks for. */
function passTheEpoch(bench: WorkerBench): void {
  bench.advance(120_000);
}

test.each(BROKEN)(
  '%s in the place of a record is set aside, told, and made anew by the scan',
  async (_, text) => {
    const bench = await startWorkerBench({ world: aWorld(someInstances(3)) });
    await bench.scanned();
    await breakRecord(bench, 1, text);

    await scan(bench);

    expect(await bench.states()).toEqual({ queued: 3 });
    expect((await bench.ledger.enrollments.counts()).states).toEqual(new Map([['queued', 3]]));
    expect(await bench.findings()).toEqual(['ledger-unreadable all']);
    const [finding] = await bench.ledger.control.findings();
    expect(finding?.message).toContain(instanceId(1));
    const kept = bench.store.keys.target(TARGET).unreadable;
    expect(await bench.store.redis.hget(kept, `record:${instanceId(1)}`)).toBe(text);
    expect(await bench.store.redis.ttl(kept)).toBeGreaterThan(86_400);
    expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 1, instances: 3 });
  },
);

test('the unreadable record of an instance that is gone is counted no more', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  const stranger = 'i-0fedcba9876543210';
  await bench.store.redis.hset(bench.store.keys.target(TARGET).instances, stranger, '17|joined||||{}');
  await bench.store.redis.hincrby(bench.store.keys.target(TARGET).counts, 's:joined', 1);

  await scan(bench);

  expect((await bench.ledger.enrollments.counts()).states).toEqual(new Map([['queued', 2]]));
});

test('a record that breaks while its command is live is not sent to again, and gets the end of that command', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), speed: 20 });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();
  await breakRecord(bench, 1, 'garbage');

  await scan(bench);
  expect(await bench.states()).toEqual({ installing: 1, queued: 1 });
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });
  passTheEpoch(bench);
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });
  expect(await bench.states()).toEqual({ installing: 2 });

  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId });
  expect(await bench.states()).toEqual({ installed: 2 });
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0, perInstance: { '1': 2 } });
});

test('a record that breaks before its command has ended finds that end also after the command was closed', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();
  await breakRecord(bench, 1, 'garbage');
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId });
  expect(await bench.intents()).toEqual([]);

  await scan(bench);
  passTheEpoch(bench);
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });

  await bench.run('collect-command', { target: TARGET, batchId });
  expect(await bench.states()).toEqual({ installed: 2 });
  expect(bench.aws.report().installs).toMatchObject({ perInstance: { '1': 2 } });
});

test.each([
  ['cannot be read', breakIntent],
  [
    'is lost',
    async (bench: WorkerBench, batchId: string) => {
      await bench.store.redis.hdel(bench.store.keys.target(TARGET).intents, batchId);
    },
  ],
] as const)('a live command whose intent %s is followed to its end all the same', async (_, damage) => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const before = await bench.intent();
  await damage(bench, before.batchId);
  // A worker that looks finds nothing to follow, and its due entry is gone.
  await bench.run('collect-command', { target: TARGET, batchId: before.batchId });

  await scan(bench);

  const { batchId, instanceIds, command } = await bench.intent();
  expect({ batchId, command: command?.commandId }).toEqual({
    batchId: before.batchId,
    command: before.command?.commandId,
  });
  expect(instanceIds.toSorted()).toEqual(before.instanceIds.toSorted());
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId });
  expect(await bench.states()).toEqual({ installed: 2 });
  expect(await bench.intents()).toEqual([]);
});

test('a send whose answer was lost, and its intent too, is looked for by its marker all the same', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'reset-after', apis: ['ssm:SendCommand'], maxTimes: 1 },
  });
  await bench.run('install-batch', { target: TARGET });
  expect(await bench.states()).toEqual({ sending: 2 });
  const { batchId } = await bench.intent();
  await breakIntent(bench, batchId);

  await scan(bench);
  bench.advance(bench.deps.config.install.sendWindowMs + 1);
  expect(await bench.run('collect-command', { target: TARGET, batchId })).toMatchObject({ state: 'found' });

  expect(await bench.states()).toEqual({ installing: 2 });
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0, perInstance: { '1': 2 } });
});

test('an intent that was closed while the scan was reading is not brought back', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();
  await bench.commandsEnded();
  const { enrollments } = bench.ledger;
  const deps = {
    ...bench.deps,
    ledger: {
      ...bench.ledger,
      enrollments: {
        ...enrollments,
        intents: async (...target: Parameters<typeof enrollments.intents>) => {
          await bench.run('collect-command', { target: TARGET, batchId });
          return enrollments.intents(...target);
        },
      },
    },
  };

  await bench.run('scan-target', { target: TARGET }, deps);

  expect(await bench.intents()).toEqual([]);
  expect(await bench.states()).toEqual({ installed: 2 });
});

test('many targets with records that cannot be read are one finding', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(3)) });
  await bench.scanned();
  await breakRecord(bench, 1, 'garbage');
  await scan(bench);
  await breakRecord(bench, 2, 'garbage');
  await scan(bench);

  expect(await bench.findings()).toEqual(['ledger-unreadable all']);
  expect(await bench.ledger.setAside.all()).toMatchObject([
    { target: TARGET, records: 2, examples: [instanceId(2), instanceId(1)] },
  ]);
});
