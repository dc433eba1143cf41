import { expect, test } from 'vitest';
import { useWorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();

test('a Bottlerocket host that SSM names is ineligible, with a remedy that asks for no sudo, and is sent nothing', async () => {
  const bottlerocket = {
    ssm: { platformName: 'Bottlerocket', platformVersion: '1.30.0' },
    outcome: { kind: 'bottlerocket' as const },
  };
  const bench = await startWorkerBench({
    world: aWorld([...someInstances(3, bottlerocket), ...someInstances(1, {}, 3)]),
  });

  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });

  expect(await bench.sentSizes()).toEqual([1]);
  expect(await bench.cause(instanceId(0))).toBe('ec2-ssm-unsupported-os');
  expect(bench.aws.report().installs.perInstance).toEqual({ 0: 3, 1: 1 });
});

test('a Bottlerocket host that SSM calls Amazon Linux shows itself at the first command, and is sent no second one', async () => {
  const bench = await startWorkerBench({
    world: aWorld(
      someInstances(1, { ssm: { platformName: 'Amazon Linux' }, outcome: { kind: 'bottlerocket' } }),
    ),
  });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();
  await bench.commandsEnded();
  bench.advance(60_000);
  await bench.run('collect-command', { target: TARGET, batchId });

  expect(await bench.record(instanceId(0))).toMatchObject({
    state: 'ineligible',
    cause: 'ec2-ssm-unsupported-os',
    failures: 0,
  });

  bench.advance(3_600_000);
  await bench.run('scan-target', { target: TARGET });
  await bench.run('install-batch', { target: TARGET });
  expect(await bench.sentSizes()).toEqual([1]);
});

test('machines outside of EC2 in the SSM inventory do no harm: they are counted and left out', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2), { account: { hybridNodes: { [TARGET.region]: 120 } } }),
  });

  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });

  expect(await bench.sentSizes()).toEqual([2]);
  expect([...(await bench.records()).keys()].toSorted()).toEqual([instanceId(0), instanceId(1)]);
  const left = bench.lines.filter(({ message }) => message === 'hybrid nodes were left out');
  expect(left.length).toBeGreaterThan(1);
  expect(left.reduce((sum, { fields }) => sum + (fields as { hybrid: number }).hybrid, 0)).toBe(120);
  expect(left[0]?.fields).toMatchObject({ accountId: ACCOUNT, region: TARGET.region });
});
