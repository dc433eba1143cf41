/** A wave at work: which hosts are sent to before it begins, and who says what the others wait for. */
import { explainInstance } from '@muster/core/reports/explain-instance';
import { readOrganizationStatus } from '@muster/core/reports/organization-status';
import { lookAtWaves } from '@muster/core/rollout/waves/look-at-waves';
import { organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const install = (bench: WorkerBench) => bench.run('install-batch', { target: TARGET });
const tagged = (ring: string) => ({ tags: { env: 'prod', ring } });
const WAVES = [
  { name: 'canary', instance_tags: { ring: 'canary' } },
  { name: 'late', instance_tags: { ring: 'late' }, approve: true, after: { wave: 'none' } },
  { name: 'rest', after: { wave: 'canary', for: '0' } },
];
/** Two hosts of each wave. */
const world = (ring = 'late') =>
  aWorld([
    ...someInstances(2, tagged('canary')),
    ...someInstances(2, tagged(ring), 2),
    ...someInstances(2, tagged('none'), 4),
  ]);

function look(bench: WorkerBench): Promise<ReadonlySet<string>> {
  return lookAtWaves(bench.ledger, bench.deps.config.rollout.waves, bench.now(), new Set());
}

async function start(waves: readonly object[] = WAVES) {
  const bench = await startWorkerBench({
    world: world(),
    config: { muster: { rollout: { waves } } },
  });
  await look(bench);
  await bench.discover();
  await bench.run('scan-target', { target: TARGET });
  return bench;
}

test('only hosts of a wave that has begun are sent to; the others say what they wait for', async () => {
  const bench = await start();
  const waves = [0, 2, 4].map(async (n) => (await bench.record(instanceId(n))).wave);
  expect(await Promise.all(waves)).toEqual(['canary', 'late', 'rest']);

  const { sent, instances, stopped } = await install(bench);

  expect({ sent, instances, stopped }).toEqual({ sent: 1, instances: 2, stopped: 'wave' });
  const [command] = await bench.commands();
  const reached = command?.invocations.map((one) => one.instanceId) ?? [];
  expect(new Set(reached)).toEqual(new Set([instanceId(0), instanceId(1)]));
  const status = await readOrganizationStatus(
    bench.ledger,
    bench.now(),
    undefined,
    bench.deps.config.rollout.waves,
  );
  expect(status.waits).toMatchObject([{ reason: 'wave', instances: 4 }]);
  expect(
    status.rollout.waves.map(({ name, state, waitsFor, hosts }) => [name, state, waitsFor, hosts]),
  ).toEqual([
    ['canary', 'begun', null, 2],
    ['late', 'waits', 'approval', 2],
    ['rest', 'waits', 'after', 2],
  ]);
  const { ledger, deps } = bench;
  const explained = await explainInstance({ ledger, config: deps.config, nowMs: bench.now() }, instanceId(2));
  expect(explained?.waitsFor).toContain(
    'wait because wave late has not begun: muster approve late (2 hosts)',
  );
});

test('an approval lets a wave begin, and an approval that is outgrown stops the sends that have not begun', async () => {
  const bench = await start();
  await look(bench);
  for (const request of await bench.ledger.approvals.requests()) {
    await bench.ledger.approvals.approve(request, 'ann');
  }

  // A third host came since: 2 were approved, and a tenth of 2 is none.
  const third = await bench.record(instanceId(4));
  const version = (await bench.ledger.enrollments.readAll(TARGET)).get(instanceId(4))?.version ?? 0;
  if (third.state !== 'queued') throw new Error('it is queued');
  await bench.ledger.enrollments.write(
    TARGET,
    'each',
    [{ instanceId: third.instanceId, expected: version, value: { ...third, wave: 'late' } }],
    [],
  );
  expect((await install(bench)).instances).toBe(2);
  expect((await bench.commands()).flatMap(({ invocations }) => invocations)).toHaveLength(2);

  // The next scan sees which wave it belongs to.
  await bench.run('scan-target', { target: TARGET });
  expect((await bench.record(instanceId(4))).wave).toBe('rest');
  expect((await install(bench)).instances).toBe(2);
});

test('a host whose tags put it into another wave is left out right before the send', async () => {
  const bench = await start();
  const record = await bench.record(instanceId(2));
  const version = (await bench.ledger.enrollments.readAll(TARGET)).get(instanceId(2))?.version ?? 0;
  if (record.state !== 'queued') throw new Error('it is queued');
  // As a scan left it before its tags changed.
  await bench.ledger.enrollments.write(
    TARGET,
    'each',
    [{ instanceId: record.instanceId, expected: version, value: { ...record, wave: 'canary' } }],
    [],
  );

  await install(bench);

  expect((await bench.record(instanceId(2))).state).toBe('queued');
  expect((await bench.record(instanceId(2))).wave).toBe('late');
  expect((await bench.commands()).flatMap(({ invocations }) => invocations)).toHaveLength(2);
  expect(await bench.findings()).not.toContain('ledger-untrusted');
});

test('a wave sends to no more hosts at once than its in_flight, whatever else has room', async () => {
  const bench = await start([{ name: 'canary', instance_tags: { ring: '*' }, in_flight: 4 }]);

  const { instances, stopped } = await install(bench);

  expect({ instances, stopped }).toEqual({ instances: 4, stopped: 'cap' });
});

test('without waves in the configuration records have none, and with them every scan says it', async () => {
  const bench = await startWorkerBench({ world: world() });
  await bench.scanned();
  expect((await bench.record(instanceId(0))).wave).toBeUndefined();

  const deps = bench.depsWith({ muster: { rollout: { waves: WAVES } } });
  expect((await bench.run('install-batch', { target: TARGET }, deps)).instances).toBe(0);
  await bench.run('scan-target', { target: TARGET }, deps);

  expect((await bench.record(instanceId(0))).wave).toBe('canary');
});

test('a tag that is called wave, and shown to people, puts its host into no wave', async () => {
  const shown = { muster: { shown_tags: ['wave'] } };
  const values = ['canary', '"}\\', 'late","wave":"canary'];
  const bench = await startWorkerBench({
    world: aWorld(
      values.flatMap((wave, n) => someInstances(1, { tags: { env: 'prod', ring: 'late', wave } }, n)),
    ),
    config: shown,
  });
  // Their records have tags before they have a wave.
  await bench.scanned();
  const deps = bench.depsWith({ muster: { ...shown.muster, rollout: { waves: WAVES } } });
  await bench.run('scan-target', { target: TARGET }, deps);

  const { waves } = await bench.ledger.enrollments.counts();
  expect(waves).toEqual(new Map([['late', new Map([['queued', 3]])]]));
  expect((await bench.run('install-batch', { target: TARGET }, deps)).instances).toBe(0);
});

test('a wave that is full holds no host of another matcher behind it', async () => {
  const bench = await startWorkerBench({
    world: aWorld([...someInstances(3, tagged('canary')), ...someInstances(2, tagged('late'), 3)]),
    config: (facts) => ({
      discovery_service: {
        aws: ['canary', 'late'].map((ring) => ({ ...organizationMatcher(facts), tags: { ring } })),
      },
      muster: {
        rollout: {
          waves: [
            { name: 'canary', instance_tags: { ring: 'canary' }, in_flight: 1 },
            { name: 'late', instance_tags: { ring: 'late' }, after: { wave: 'none' } },
          ],
        },
      },
    }),
  });
  await look(bench);
  await bench.scanned();

  expect(await install(bench)).toEqual({ sent: 2, instances: 3, stopped: 'cap' });
  expect(await install(bench)).toEqual({ sent: 0, instances: 0, stopped: 'cap' });
});
