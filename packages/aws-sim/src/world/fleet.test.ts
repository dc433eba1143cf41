import { describe, expect, test } from 'vitest';
import { buildWorld } from './build.ts';
import { decodeInstanceId, encodeInstanceId } from './identifiers.ts';
import type { InstanceSpec } from './model.ts';
import type { World } from './world.ts';

function everyInstance(world: World): InstanceSpec[] {
  const all: InstanceSpec[] = [];
  for (const account of world.accounts) {
    for (const region of world.regions) {
      for (let slot = 0; slot < world.fleet.slots(account, region); slot += 1) {
        all.push(world.fleet.at(account, region, slot));
      }
    }
  }
  return all;
}

describe('a generated fleet', () => {
  test.each([
    [1, 1, 1],
    [20, 4, 400],
    [3, 17, 5],
    [50, 17, 5_000],
    [10, 2, 0],
  ])('of %i accounts and %i regions has exactly %i instances', (accounts, regions, instances) => {
    for (const seed of [1, 7, 99]) {
      const world = buildWorld(undefined, { accounts, regions, instances, seed }, 0);

      const all = everyInstance(world);

      expect(all).toHaveLength(instances);
      expect(new Set(all.map((spec) => spec.id)).size).toBe(instances);
    }
  });

  test('finds each of its instances by id, and no other', () => {
    const world = buildWorld(undefined, { accounts: 20, regions: 4, instances: 400, seed: 7 }, 0);

    for (const spec of everyInstance(world)) expect(world.fleet.find(spec.id)).toEqual(spec);
    expect(world.fleet.find('i-0123456789abcdef0')).toBeUndefined();
    expect(world.fleet.find('i-12345678')).toBeUndefined();
  });

  test('has every kind of host in a realistic world of 400', () => {
    const world = buildWorld(
      undefined,
      { accounts: 20, regions: 4, instances: 400, scenario: 'realistic' },
      0,
    );

    const all = everyInstance(world);
    const kinds = new Set(all.map((spec) => spec.outcomes[0]?.kind));

    expect([...kinds]).toEqual(
      expect.arrayContaining(['exits', 'hangs', 'join-refused', 'joins', 'preflight', 'vanishes']),
    );
    expect(all.filter((spec) => spec.state === 'stopped').length).toBeGreaterThan(4);
    expect(all.filter((spec) => spec.platform === 'windows').length).toBeGreaterThan(1);
    expect(all.filter((spec) => spec.ssm === null).length).toBeGreaterThan(2);
    expect(all.filter((spec) => spec.ssm?.pingStatus === 'ConnectionLost').length).toBeGreaterThan(1);
    expect(all.filter((spec) => spec.tags['env'] !== 'prod').length).toBeGreaterThan(3);
    expect(all.filter((spec) => spec.outcomes[0]?.kind === 'joins').length).toBeGreaterThan(360);
  });

  test('of a clean world joins everywhere', () => {
    const world = buildWorld(undefined, { accounts: 5, regions: 2, instances: 50, scenario: 'clean' }, 0);

    const good = everyInstance(world).filter(
      (spec) =>
        spec.state === 'running' && spec.ssm?.pingStatus === 'Online' && spec.outcomes[0]?.kind === 'joins',
    );

    expect(good).toHaveLength(50);
    expect(world.accounts.every((account) => account.role === 'ok' && account.state === 'ACTIVE')).toBe(true);
  });
});

describe('generated accounts', () => {
  test('of a realistic world have some of every trouble, never in the management account', () => {
    const { accounts } = buildWorld(undefined, { accounts: 100, regions: 17, scenario: 'realistic' }, 0);

    const [management, ...others] = accounts;
    expect(management).toMatchObject({
      role: 'ok',
      state: 'ACTIVE',
      deniedRegions: [],
      regionOverrides: undefined,
    });
    expect(others.filter((account) => account.role !== 'ok')).toHaveLength(5);
    expect(others.filter((account) => account.state === 'SUSPENDED')).toHaveLength(2);
    expect(others.filter((account) => account.deniedRegions.length > 0)).toHaveLength(3);
    expect(others.filter((account) => account.regionOverrides?.get('ap-east-1') === 'DISABLED')).toHaveLength(
      10,
    );
    expect(new Set(accounts.map((account) => account.id)).size).toBe(100);
  });

  test('of the smallest realistic world of twenty have at least one that is locked', () => {
    const { accounts } = buildWorld(undefined, { accounts: 20, regions: 4, scenario: 'realistic' }, 0);

    expect(accounts.filter((account) => account.role !== 'ok')).toHaveLength(1);
  });
});

test('instance ids hide their number and give it back', () => {
  const ids = Array.from({ length: 1_000 }, (_, number) => encodeInstanceId(7, number));

  expect(ids.every((id) => /^i-0[0-9a-f]{16}$/u.test(id))).toBe(true);
  expect(ids.map((id) => decodeInstanceId(7, id))).toEqual(ids.map((_, number) => number));
  expect(decodeInstanceId(8, ids[3] ?? '')).toBeNull();
});
