import type { AwsSimOptions } from '@muster/aws-sim/start';
import { startSystem } from '@muster/testing/muster-system';
import { expect, test } from 'vitest';
import { listHosts } from './simulated-commands.ts';

/** Smaller than the demo's, and other seeds. */
const WORLDS = [
  { scenario: 'realistic', accounts: 12, regions: 4, instances: 300, seed: 11 },
  { scenario: 'hostile', accounts: 10, regions: 3, instances: 200, seed: 5 },
] as const satisfies readonly AwsSimOptions[];

/**
 * What became of every instance: commands, joined, and what Muster says of it. Each has ended joined or with a cause: that is
 * what the referee looks for.
 */
async function outcomesWith(world: AwsSimOptions, workers: number): Promise<readonly string[]> {
  const system = await startSystem({
    world,
    workers,
    // What failed is not tried again meanwhile: how often that happens is a matter of time, not of the world.
    config: { muster: { backoff: { operator_first: '24h', transient_first: '24h' } } },
  });
  try {
    await system.judged(150_000);
    const hosts = await listHosts(system);
    const { stdout } = await system.cli('instances', '--json');
    const told = new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { instanceId: string; state: string; cause: string | null })
        .map((line) => [line.instanceId, `${line.state} ${line.cause ?? ''}`]),
    );
    return hosts
      .map(
        ({ id, account, region, installs, joined }) =>
          `${account} ${region} ${id} ${installs} ${joined ? 'joined' : 'absent'} ${told.get(id) ?? 'unknown'}`,
      )
      .toSorted();
  } finally {
    await system.close();
  }
}

test.each(WORLDS)(
  'the same seed makes the same $scenario world and the same end for every instance, with one worker and with four',
  async (world) => {
    const [one, four] = await Promise.all([outcomesWith(world, 1), outcomesWith(world, 4)]);

    expect(one.length).toBe(world.instances);
    expect(one.filter((line) => line.includes(' joined ')).length).toBeGreaterThan(0);
    expect(four).toEqual(one);
  },
);
