import type { AccountId, BatchId } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import { eventually } from '@muster/testing/eventually';
import { expect, test } from 'vitest';
import { sendAsMember } from '../fixtures/member-account.fixture.ts';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import {
  ACCOUNT,
  aWorld,
  instanceId,
  MANAGEMENT,
  someInstances,
  TARGET,
} from '../fixtures/written-world.fixture.ts';

/** What an account's owner can write into the comments of commands of his own, and that it changes nothing elsewhere. */
const startWorkerBench = useWorkerBench();
const OTHER: Target = { accountId: '444455556666' as AccountId, region: TARGET.region };
const HANGS = { outcome: { kind: 'hangs' } } as const;
const CAPS = { muster: { limits: { installs_in_flight: 6 } } };

/** Two accounts of eight hosts each. */
function startTwoAccounts(config: object = {}): Promise<WorkerBench> {
  return startWorkerBench({
    world: {
      ...aWorld([]),
      accounts: [
        { id: MANAGEMENT },
        { id: ACCOUNT, instances: someInstances(8, HANGS) },
        { id: OTHER.accountId, instances: someInstances(8, HANGS, 100) },
      ],
    },
    config: { ...CAPS, ...config },
    speed: 1,
  });
}

async function scanBoth(bench: WorkerBench): Promise<void> {
  await bench.scanned();
  await bench.run('scan-target', { target: OTHER });
}

/** Another worker on the same ledger, without a key. */
function keyless(bench: WorkerBench): WorkerBench['deps'] {
  return { ...bench.deps, config: { ...bench.deps.config, markerKeys: [] } };
}

const newBatch = (bench: WorkerBench): BatchId => bench.deps.newId() as BatchId;

test('eight forged commands under a cap of six leave the other account its room, and are a finding', async () => {
  const bench = await startTwoAccounts();
  await scanBoth(bench);
  await bench.ledger.control.signedSince();
  for (let n = 0; n < 8; n += 1) {
    const made = bench.marker(newBatch(bench), { keys: [] });
    const comment = n % 2 === 0 ? made : `${made.replace('v1', 'v2')}:AAAAAAAAAAAAAAAA`;
    await sendAsMember(bench, comment, [instanceId(n)]);
  }

  const own = await bench.run('install-batch', { target: TARGET });
  const other = await bench.run('install-batch', { target: OTHER });

  // The unsigned ones may be of the time before the key: they fill their own account's cap, and no more.
  expect([own.instances, other.instances]).toEqual([2, 4]);
  const findings = await bench.ledger.control.findings();
  expect(findings).toContainEqual(
    expect.objectContaining({ kind: 'foreign-markers', scope: `account:${ACCOUNT}` }),
  );
});

test('without a key forged commands are adopted, and even then take no other account’s room', async () => {
  const bench = await startTwoAccounts();
  await scanBoth(bench);
  for (let n = 0; n < 8; n += 1) {
    await sendAsMember(bench, bench.marker(newBatch(bench), { keys: [] }), [instanceId(n)]);
  }

  expect(await bench.run('install-batch', { target: TARGET }, keyless(bench))).toMatchObject({ sent: 0 });
  expect((await bench.intents()).length).toBe(8);
  expect(await bench.run('install-batch', { target: OTHER }, keyless(bench))).toMatchObject({ instances: 6 });
});

test('many forged commands on one host hold that host, once, and nothing else', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(3, HANGS)),
    config: { muster: { limits: { installs_in_flight: 2 } } },
    speed: 1,
  });
  await bench.scanned();
  for (let n = 0; n < 12; n += 1) {
    await sendAsMember(bench, bench.marker(newBatch(bench), { keys: [] }), [instanceId(0)]);
  }

  // The account's own calls have emptied its bucket.
  await eventually('a batch is sent', async () => {
    const { instances } = await bench.run('install-batch', { target: TARGET }, keyless(bench));
    return instances === 1;
  });

  const places = await bench.ledger.caps.places();
  expect(places.filter(({ kind }) => kind === 'adopted')).toMatchObject([{ instanceId: instanceId(0) }]);
  expect((await bench.record(instanceId(0))).state).toBe('installing');
});

test('a copy of a genuine marker on other hosts is not adopted: the command that bore it first is', async () => {
  const bench = await startWorkerBench({
    world: aWorld([...someInstances(1, HANGS), ...someInstances(2, HANGS, 1)]),
    config: { muster: { limits: { installs_in_flight: 1 } } },
    speed: 1,
  });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const genuine = await bench.intent();
  const copy = await sendAsMember(bench, bench.marker(genuine.batchId), [instanceId(1), instanceId(2)]);
  await bench.store.redis.flushall();
  await bench.scanned();
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ stopped: 'epoch' });
  bench.advance(120_000);

  await bench.run('install-batch', { target: TARGET });

  const commands = (await bench.intents()).map(({ command }) => command?.commandId);
  expect(commands).toContain(genuine.command?.commandId);
  expect(commands).not.toContain(copy);
  expect(await bench.findings()).toContain(`foreign-markers account:${ACCOUNT}`);
});

test('unsigned commands of the time before the key are adopted, unproven: no host is sent to twice', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2, HANGS)), speed: 1 });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET }, keyless(bench));
  expect((await bench.commands())[0]?.comment).toMatch(/^muster:v1:/);
  await bench.store.redis.flushall();
  await bench.scanned();
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ stopped: 'epoch' });
  bench.advance(120_000);

  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });

  expect(await bench.states()).toEqual({ installing: 2 });
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0 });
});
