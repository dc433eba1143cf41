import { expect, test } from 'vitest';
import { buildWorld } from '../../world/build.ts';
import { instanceXml } from './instance-xml.ts';
import { filterReader } from './filter-readers.ts';
import { macAddress } from './resource-ids.ts';

test('every interface has an address of its own, of the kind that EC2 gives', () => {
  const world = buildWorld(undefined, { accounts: 50, regions: 4, instances: 20_000, seed: 7 }, 0);
  const addresses = new Set<string>();
  let instances = 0;
  for (const account of world.accounts) {
    for (const region of world.regions) {
      for (let slot = 0; slot < world.fleet.slots(account, region); slot += 1) {
        addresses.add(macAddress(world.fleet.at(account, region, slot)));
        instances += 1;
      }
    }
  }

  expect(instances).toBe(20_000);
  expect(addresses.size).toBe(instances);
  // Unicast (bit 0 clear), locally administered (bit 1 set).
  for (const address of addresses) expect(address).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
});

test('DescribeInstances shows it, and finds by it', () => {
  const world = buildWorld(undefined, { accounts: 1, regions: 1, instances: 1, seed: 7 }, 0);
  const [account] = world.accounts;
  const [region] = world.regions;
  if (account === undefined || region === undefined) throw new Error('the world is empty');
  const instance = world.fleet.at(account, region, 0);

  expect(instanceXml(instance)).toContain(`<macAddress>${macAddress(instance)}</macAddress>`);
  expect(filterReader('network-interface.mac-address')?.(instance)).toBe(macAddress(instance));
});
