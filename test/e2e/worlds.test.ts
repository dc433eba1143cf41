import { fileURLToPath } from 'node:url';
import type { AwsSimOptions } from '@muster/aws-sim/start';
import { readWorldFile } from '@muster/aws-sim/world/file';
import { eventually } from '@muster/testing/eventually';
import { startSystem } from '@muster/testing/muster-system';
import { expect, test } from 'vitest';

/** Smaller than the demo's, and other seeds. */
const WORLDS: readonly (AwsSimOptions & { readonly workers: number })[] = [
  { scenario: 'realistic', accounts: 12, regions: 4, instances: 300, seed: 11, workers: 2 },
  { scenario: 'realistic', accounts: 5, regions: 2, instances: 80, seed: 23, workers: 1 },
  { scenario: 'hostile', accounts: 10, regions: 3, instances: 200, seed: 5, workers: 2 },
];

test.each(WORLDS)(
  'every instance of a $scenario world ends joined, or with a cause (seed $seed, $workers workers)',
  async ({ workers, ...world }) => {
    const system = await startSystem({ world, workers });
    try {
      const status = await system.judged(120_000);

      expect(status.instances.byState['joined']).toBeGreaterThan(0);
    } finally {
      await system.close();
    }
  },
);

test('in a clean world everything is read, every host joins, and nothing is left to do', async () => {
  const system = await startSystem({ world: { accounts: 6, regions: 3, instances: 150, seed: 3 } });
  try {
    const status = await system.judged();

    expect(status.sweep.verdict).toBe('complete');
    expect(status.instances.byState).toEqual({ joined: 150 });
    expect(status.findings).toEqual([]);
    expect(system.report().installs.perInstance).toEqual({ 0: 0, 1: 150 });
  } finally {
    await system.close();
  }
});

const RESTLESS = fileURLToPath(new URL('../../packages/aws-sim/worlds/restless-hosts.yaml', import.meta.url));

test('hosts that stop, start and fall silent in the middle are all enrolled once they hold still', async () => {
  const backoff = { operator_first: '1m', transient_first: '1m' };
  const system = await startSystem({
    world: { world: readWorldFile(RESTLESS) },
    config: { muster: { backoff } },
  });
  try {
    await eventually(
      'all that run and have an agent are joined',
      // A host that has just been terminated counts as joined until the next scan: the simulator knows better.
      async () => (await system.status()).instances.byState['joined'] === 9 && system.report().joined === 9,
      150_000,
    );

    expect(system.report()).toMatchObject({ installs: { whileLive: 0, afterJoined: 0 } });
  } finally {
    await system.close();
  }
});
