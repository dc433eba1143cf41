import { aMatcher, anAccountId, aTarget } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import type { Account } from '../organization/account.ts';
import type { AccountId, Region } from '../organization/ids.ts';
import type { Matcher } from '../scan/matcher.ts';
import {
  type DiscoveryReading,
  discoveryAtWork,
  enrollsToo,
  type OtherMatcher,
  overlapsMatcher,
} from './other-discovery.ts';

const EVERYTHING: OtherMatcher = { regions: null, accountId: null, organization: null, tags: [] };
const ORGANIZATION = { organizationId: 'o-aaaaaaaaaa', includeOus: ['*'], excludeOus: [] };
const account: Account = {
  accountId: anAccountId(0),
  name: 'a',
  state: 'ACTIVE',
  organizationId: 'o-aaaaaaaaaa',
  ancestorIds: ['r-aaaa', 'ou-aaaa-11111111'],
};
const tagged = (...rules: readonly (readonly [string, readonly string[]])[]) =>
  rules.map(([key, values]) => ({ key, values: [...values] }));

interface Case {
  readonly theirs?: Partial<OtherMatcher>;
  readonly ours?: Partial<Matcher>;
}

function overlaps({ theirs = {}, ours = {} }: Case): readonly boolean[] {
  const matcher = aMatcher({ organization: ORGANIZATION, tags: [], ...ours });
  const other: OtherMatcher = { ...EVERYTHING, ...theirs };
  const service = { id: 'h', hostname: '', group: '', matchers: [other] };
  return [enrollsToo(service, { target: aTarget(), account, matcher }), overlapsMatcher(other, matcher)];
}

describe('what is not provably disjoint overlaps', () => {
  test.each<[string, Case]>([
    ['everything', {}],
    ['the same region', { theirs: { regions: ['eu-west-1', 'us-east-1'] } }],
    ['the same organization', { theirs: { organization: ORGANIZATION } }],
    ['the same account by its role', { theirs: { accountId: anAccountId(0) } }],
    [
      'other keys of tags',
      { theirs: { tags: tagged(['team', ['a']]) }, ours: { tags: tagged(['env', ['prod']]) } },
    ],
    [
      'one value in common',
      { theirs: { tags: tagged(['env', ['dev', 'prod']]) }, ours: { tags: tagged(['env', ['prod']]) } },
    ],
    [
      'a pattern that fits',
      { theirs: { tags: tagged(['env', ['pr*']]) }, ours: { tags: tagged(['env', ['prod']]) } },
    ],
    ['two patterns', { theirs: { tags: tagged(['env', ['a*']]) }, ours: { tags: tagged(['env', ['b*']]) } }],
    [
      'an exclusion of some of their values',
      { theirs: { tags: tagged(['env', ['dev', 'prod']]) }, ours: { excludeTags: tagged(['env', ['dev']]) } },
    ],
  ])('%s', (_, one) => {
    expect(overlaps(one)).toEqual([true, true]);
  });

  test.each<[string, Case]>([
    [
      'another region',
      {
        theirs: { regions: ['us-east-1'] },
        ours: { regions: { kind: 'listed', regions: ['eu-west-1' as Region] } },
      },
    ],
    [
      'another organization',
      { theirs: { organization: { ...ORGANIZATION, organizationId: 'o-bbbbbbbbbb' } } },
    ],
    [
      'an account that ours leaves out',
      { theirs: { accountId: '999999999999' as AccountId }, ours: { includeAccounts: [anAccountId(0)] } },
    ],
    [
      'other values of one tag',
      { theirs: { tags: tagged(['env', ['dev', 'test']]) }, ours: { tags: tagged(['env', ['prod']]) } },
    ],
    [
      'a pattern that does not fit',
      { theirs: { tags: tagged(['env', ['dev-*']]) }, ours: { tags: tagged(['env', ['prod']]) } },
    ],
    [
      'values that ours excludes',
      {
        theirs: { tags: tagged(['owner', ['teleport']]) },
        ours: { excludeTags: tagged(['owner', ['tele*']]) },
      },
    ],
  ])('not with %s', (_, one) => {
    expect(overlaps(one)).toEqual([false, false]);
  });

  test('units of the same organization are told apart by the account of the host', () => {
    const units = (includeOus: readonly string[], excludeOus: readonly string[] = []) => ({
      theirs: {
        organization: {
          organizationId: 'o-aaaaaaaaaa',
          includeOus: [...includeOus],
          excludeOus: [...excludeOus],
        },
      },
    });

    expect(overlaps(units(['ou-aaaa-11111111']))[0]).toBe(true);
    expect(overlaps(units(['ou-aaaa-22222222']))[0]).toBe(false);
    expect(overlaps(units(['*'], ['ou-aaaa-11111111']))[0]).toBe(false);
  });

  test('a service that does not show its matchers may enroll any host', () => {
    const service = { id: 'h', hostname: '', group: '', matchers: null };

    expect(enrollsToo(service, { target: aTarget(), account: null, matcher: aMatcher() })).toBe(true);
  });
});

describe('what is at work', () => {
  const NOW_MS = 1_800_000_000_000;
  const config = (name: string, group: string, syncedAtMs: number | null = null) => ({
    name,
    group,
    matchers: [EVERYTHING],
    syncedAtMs,
  });
  const service = (hostId: string, group: string, matchers: readonly OtherMatcher[] | null = []) => ({
    hostId,
    hostname: `${hostId}.example`,
    group,
    matchers,
  });
  const ids = (reading: Partial<DiscoveryReading>): readonly string[] =>
    discoveryAtWork({ services: null, hosts: null, configs: null, ...reading }, 'ours', NOW_MS).map(
      ({ id }) => id,
    );

  test.each<[string, Partial<DiscoveryReading>, readonly string[]]>([
    ['nothing is known', {}, []],
    [
      'resources, and no service runs',
      { services: [], configs: [config('a', 'ours', NOW_MS), config('b', 'x', NOW_MS)] },
      [],
    ],
    [
      'a service with EC2 in its file, of our own group',
      { services: [service('h', 'ours', [EVERYTHING])] },
      ['h'],
    ],
    ['a service without EC2', { services: [service('h', 'x')] }, []],
    [
      'a resource of a group that a service has',
      { services: [service('h', 'x')], configs: [config('a', 'x'), config('b', 'y')] },
      ['discovery_config/a'],
    ],
    [
      'our own resource, worked by a real service',
      { services: [service('h', 'ours')], configs: [config('a', 'ours')] },
      ['discovery_config/a'],
    ],
    [
      'a host whose service says nothing',
      { services: [service('h', 'x')], hosts: [{ hostId: 'old', hostname: '' }] },
      ['old'],
    ],
    ['a service with too many matchers to show', { services: [service('h', '', null)] }, ['h']],
    [
      'no word on services, a resource of another group',
      { configs: [config('a', 'x'), config('b', 'ours')] },
      ['discovery_config/a'],
    ],
    [
      'no word on services, resources worked by lately',
      { configs: [config('a', 'ours', NOW_MS - 60_000)] },
      ['discovery_config/a'],
    ],
    ['no word on services, a resource that rests', { configs: [config('a', 'x', NOW_MS - 3_600_000)] }, []],
  ])('%s', (_, reading, expected) => {
    expect(ids(reading)).toEqual(expected);
  });
});
