import { organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const scan = (bench: WorkerBench) => bench.run('scan-target', { target: TARGET });
const FAILS = { kind: 'exits', exitCode: 102 } as const;

/** An instance whose first attempt has failed: its next one is hours away. */
async function startFailed(): Promise<WorkerBench> {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1, { outcome: FAILS })) });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId });
  await scan(bench);
  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'failed', cause: 'host-no-curl' });
  await bench.aws.change({ op: 'set-outcome', instanceId: instanceId(0), outcome: { kind: 'joins' } });
  return bench;
}

const WAKES: Readonly<Record<string, (bench: WorkerBench) => Promise<unknown>>> = {
  'its agent is back online': async (bench) => {
    await bench.aws.change({
      op: 'set-ssm',
      instanceId: instanceId(0),
      ssm: { pingStatus: 'ConnectionLost' },
    });
    await scan(bench);
    expect(await bench.cause(instanceId(0))).toBe('ec2-ssm-agent-connection-lost');
    await bench.aws.change({ op: 'set-ssm', instanceId: instanceId(0), ssm: { pingStatus: 'Online' } });
  },
  'its agent has another version': (bench) =>
    bench.aws.change({ op: 'set-ssm', instanceId: instanceId(0), ssm: { agentVersion: '3.9.1.0' } }),
  'it was stopped and started': async (bench) => {
    await bench.aws.change({ op: 'stop-instance', instanceId: instanceId(0) });
    await bench.aws.change({ op: 'start-instance', instanceId: instanceId(0) });
  },
};

test.each(Object.entries(WAKES))('a failed instance is sent to before its time when %s', async (_, wake) => {
  const bench = await startFailed();
  await scan(bench);
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });

  await wake(bench);
  await expect
    .poll(
      async () => {
        await scan(bench);
        return (await bench.record(instanceId(0))).state;
      },
      { timeout: 10_000 },
    )
    .toBe('queued');

  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 1, instances: 1 });
});

test('a failed instance is sent to before its time when its matcher has changed', async () => {
  const bench = await startFailed();
  const other = bench.depsWith((facts) => ({
    discovery_service: {
      aws: [
        {
          ...organizationMatcher(facts),
          install: { join_params: { token_name: 'mended', method: 'iam' } },
        },
      ],
    },
  }));

  await bench.run('scan-target', { target: TARGET }, other);

  expect(await bench.run('install-batch', { target: TARGET }, other)).toMatchObject({ sent: 1 });
});
