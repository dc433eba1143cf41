import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { targetId } from '@muster/core/organization/target';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';
import { wakeByConfig } from './wake-by-config.ts';

const startWorkerBench = useWorkerBench();

/** When the account list, the account's regions and the target are due, in ms from now. */
async function dueInMs(bench: WorkerBench): Promise<readonly number[]> {
  const at = await Promise.all([
    bench.dueAt('accounts', ORGANIZATION_MEMBER),
    bench.dueAt('regions', ACCOUNT),
    bench.dueAt('scan', targetId(TARGET)),
  ]);
  return at.map((ms) => (ms ?? Number.NaN) - bench.now());
}

test('a changed matcher has everything read again now, once for all workers', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  expect(await wakeByConfig(bench.deps)).toBe(false);
  for (const ms of await dueInMs(bench)) expect(ms).toBeGreaterThan(60_000);
  const changed = bench.depsWith({
    discovery_service: { aws: [{ types: ['ec2'], regions: ['eu-west-1'] }] },
  });

  expect(await wakeByConfig(changed)).toBe(true);

  for (const ms of await dueInMs(bench)) expect(ms).toBeLessThanOrEqual(0);
  expect(await wakeByConfig(changed)).toBe(false);
});

test('hosts that had too little time are tried again when they have more, and only they', async () => {
  const bench = await startWorkerBench({
    world: aWorld([
      ...someInstances(1, { outcome: { kind: 'hangs' } }),
      ...someInstances(1, { outcome: { kind: 'exits', exitCode: 1 } }, 1),
    ]),
    config: { muster: { install: { timeout: '30s', delivery_timeout: '30s' } } },
  });
  await bench.scanned();
  await wakeByConfig(bench.deps);
  await bench.run('install-batch', { target: TARGET });
  await bench.commandsEnded();
  const { batchId } = await bench.intent();
  bench.advance(120_000);
  await bench.run('collect-command', { target: TARGET, batchId });
  expect([await bench.cause(instanceId(0)), await bench.cause(instanceId(1))]).toEqual([
    'ec2-ssm-execution-timed-out',
    'ec2-ssm-script-failure',
  ]);

  const shorter = bench.depsWith({ muster: { install: { timeout: '20s', delivery_timeout: '30s' } } });
  await wakeByConfig(shorter);
  expect((await bench.record(instanceId(0))).state).toBe('failed');
  const longer = bench.depsWith({ muster: { install: { timeout: '10m', delivery_timeout: '30s' } } });
  await wakeByConfig(longer);

  expect((await bench.record(instanceId(0))).state).toBe('queued');
  expect((await bench.record(instanceId(1))).state).toBe('failed');
  expect(((await bench.dueAt('install', targetId(TARGET))) ?? Infinity) - bench.now()).toBeLessThanOrEqual(0);
});

test('a skew that a restart has ended is no finding any more', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  const organization = bench.depsWith(({ organizationId, roleName }) => ({
    discovery_service: {
      aws: [
        {
          types: ['ec2'],
          regions: ['*'],
          tags: { other: 'tag' },
          assume_role_name: roleName,
          organization: { organization_id: organizationId, organizational_units: { include: ['*'] } },
        },
      ],
    },
  }));
  await bench.run('install-batch', { target: TARGET }, organization);
  expect(await bench.findings()).toEqual([`config-skew ${targetId(TARGET)}`]);

  await wakeByConfig(organization);

  expect(await bench.findings()).toEqual([]);
});
