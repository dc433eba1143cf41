import { startSystem } from '@muster/testing/muster-system';
import { expect, test } from 'vitest';
import { listHosts } from './simulated-commands.ts';

/** What became of every instance: commands, joined, and what Muster says of it. */
async function outcomesWith(scenario: 'realistic' | 'hostile', workers: number): Promise<readonly string[]> {
  const system = await startSystem({
    world: { scenario, accounts: 8, regions: 3, instances: 150, seed: 41 },
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

test.each(['realistic', 'hostile'] as const)(
  'the same seed makes the same %s world and the same end for every instance, with one worker and with four',
  async (scenario) => {
    const one = await outcomesWith(scenario, 1);
    const four = await outcomesWith(scenario, 4);

    expect(one.length).toBe(150);
    expect(four).toEqual(one);
  },
);
