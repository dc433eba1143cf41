import { expect, test } from 'vitest';
import { createSimClock } from '../clock/sim-clock.ts';
import { buildWorld } from '../world/build.ts';
import { findInstance } from '../world/world.ts';
import { hostJoin } from './host-membership.ts';
import { createLocalNetwork } from './host-network.ts';

test('a host that stops while it is being let in leaves no node behind, and does not count as joined', async () => {
  const world = buildWorld(undefined, { accounts: 1, regions: 1, instances: 1, seed: 1 }, 0);
  const [account] = world.accounts;
  const [region] = world.regions;
  if (account === undefined || region === undefined) throw new Error('a world without an account');
  const { id } = world.fleet.at(account, region, 0);
  const host = findInstance(world, id);
  if (host === undefined) throw new Error('a world without its host');
  const left: string[] = [];
  const network = {
    ...createLocalNetwork(),
    join: () => {
      world.hosts.change(id, { state: 'stopping' }, 0);
      return Promise.resolve({ kind: 'joined', visibleAtMs: 0 } as const);
    },
    leave: (_account: string, instanceId: string) => Promise.resolve(void left.push(instanceId)),
  };

  await hostJoin({ world, clock: createSimClock(1), network }, host, 'token', 'http://proxy');

  expect(left).toEqual([id]);
  expect(findInstance(world, id)?.history?.joinedAtMs).toBeNull();
});
