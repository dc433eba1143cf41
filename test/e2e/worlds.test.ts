import { fileURLToPath } from 'node:url';
import { readWorldFile } from '@muster/aws-sim/world/file';
import { eventually } from '@muster/testing/eventually';
import { startSystem } from '@muster/testing/muster-system';
import { expect, test } from 'vitest';

/** The worlds of determinism.test.ts are larger, with more workers. */
test('every instance of a small realistic world ends joined, or with a cause', async () => {
  const world = { scenario: 'realistic', accounts: 5, regions: 2, instances: 80, seed: 23 } as const;
  const system = await startSystem({ world });
  try {
    const status = await system.judged(120_000);

    expect(status.instances.byState['joined']).toBeGreaterThan(0);
  } finally {
    await system.close();
  }
});

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
