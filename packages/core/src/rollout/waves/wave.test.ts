import { aTarget, aWave, seededRandom } from '@muster/testing/builders';
import { oneOf } from '@muster/testing/enrollment-table';
import { expect, test } from 'vitest';
import { AccountId, InstanceId, Region } from '../../organization/ids.ts';
import { digestOfWaves, hasPlaceIn, maySelect, type Wave, waveOf } from './wave.ts';

const REGIONS = ['eu-west-1', 'us-east-1', 'ap-east-1'].map((name) => Region.parse(name));
const ACCOUNTS = [0, 1, 2].map((n) => aTarget(n).accountId);

function anId(random: () => number): InstanceId {
  const digits = Array.from({ length: 17 }, () => Math.floor(random() * 16).toString(16)).join('');
  return InstanceId.parse(`i-${digits}`);
}

function anInstance(random: () => number): Parameters<typeof waveOf>[1] {
  return {
    account: {
      accountId: oneOf(random, ACCOUNTS),
      ancestorIds: oneOf(random, [['r-ab12'], ['r-ab12', 'ou-ab12-11111111'], []]),
      tags: oneOf(random, [{}, { stage: 'live' }]),
    },
    region: oneOf(random, REGIONS),
    instanceId: anId(random),
    tags: oneOf(random, [{}, { team: 'db' }, { team: '' }]),
  };
}

function someSelectors(random: () => number): Partial<Wave> {
  const all: readonly Partial<Wave>[] = [
    { units: ['ou-ab12-11111111'] },
    { accounts: ACCOUNTS.slice(0, 1) },
    { regions: REGIONS.slice(0, 2) },
    { accountTags: [{ key: 'stage', values: ['l*'] }] },
    { instanceTags: [{ key: 'team', values: ['*'] }] },
    { share: random() },
  ];
  return Object.assign({}, ...all.filter(() => random() < 0.3)) as Partial<Wave>;
}

/** Whether the wave alone would take it. */
function selects(wave: Wave, instance: Parameters<typeof waveOf>[1]): boolean {
  return waveOf([wave], instance) !== null;
}

test.each([1, 2, 3, 4])('a host belongs to exactly one wave, the first that selects it (seed %i)', (seed) => {
  const random = seededRandom(seed);
  for (let turn = 0; turn < 50; turn += 1) {
    const waves = [
      ...Array.from({ length: Math.floor(random() * 5) }, (_, n) => aWave(`w${n}`, someSelectors(random))),
      aWave('rest'),
    ];
    for (let n = 0; n < 20; n += 1) {
      const instance = anInstance(random);
      const name = waveOf(waves, instance);
      expect(name).toBe(waves.find((wave) => selects(wave, instance))?.name);
      expect(waveOf(waves, { ...instance })).toBe(name);
      const wave = waves.find((one) => one.name === name);
      // What an account may hold is never less than what its instances belong to.
      expect(wave !== undefined && maySelect(wave, instance.account, instance.region)).toBe(true);
    }
  }
});

test('a share holds about so many hosts, the same at every look, and all of a smaller share', () => {
  const random = seededRandom(7);
  const ids = Array.from({ length: 20_000 }, () => anId(random));
  const inShare = (share: number) => ids.filter((id) => hasPlaceIn(share, id));

  for (const share of [0.01, 0.05, 0.3, 0.9]) {
    expect(inShare(share).length / ids.length).toBeCloseTo(share, 1.7);
    expect(inShare(share)).toEqual(inShare(share));
  }
  expect(inShare(1)).toHaveLength(ids.length);
  const small = new Set(inShare(0.05));
  expect(inShare(0.3).filter((id) => small.has(id))).toHaveLength(small.size);
});

test('the order of hosts is that of every release: it is the hash of their ids', () => {
  const id = InstanceId.parse('i-0123456789abcdef0');

  expect([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((share) => hasPlaceIn(share, id))).toEqual(
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((share) => share > 0.343253),
  );
});

test('a host whose wave hangs on tags of its account that are not known belongs to none', () => {
  const waves = [aWave('live', { accountTags: [{ key: 'stage', values: ['live'] }] }), aWave('rest')];
  const facts = anInstance(seededRandom(1));
  const { accountId } = facts.account;
  const of = (tags: Readonly<Record<string, string>> | undefined) =>
    waveOf(waves, { ...facts, account: { accountId: AccountId.parse(accountId), ancestorIds: [], tags } });

  expect([of({ stage: 'live' }), of({ stage: 'test' }), of(undefined)]).toEqual(['live', 'rest', null]);
});

test('without waves no host has one, and any change of them makes another digest', () => {
  expect(waveOf([], anInstance(seededRandom(1)))).toBeNull();
  expect(digestOfWaves([])).toBe('');
  const digests = [aWave('a'), aWave('a', { share: 0.5 }), aWave('b'), aWave('a', { notBeforeMs: 1 })].map(
    (wave) => digestOfWaves([wave]),
  );
  expect(new Set(digests).size).toBe(digests.length);
});
