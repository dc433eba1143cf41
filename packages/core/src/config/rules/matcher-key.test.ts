import { anInstall } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import type { AccountId, Region } from '../../organization/ids.ts';
import { matcherKey, type MatcherContent } from './matcher-key.ts';

const CONTENT: MatcherContent = {
  partition: 'aws',
  regions: { kind: 'listed', regions: ['eu-west-1' as Region, 'us-east-1' as Region] },
  role: { kind: 'name', name: 'discovery', externalId: null },
  organization: { organizationId: 'o-a1b2c3d4e5', includeOus: ['*'], excludeOus: [] },
  tags: [
    { key: 'env', values: ['prod', 'staging'] },
    { key: 'team', values: ['a'] },
  ],
  excludeTags: [],
  includeAccounts: null,
  excludeAccounts: [],
  minInstanceAgeMs: 0,
  install: anInstall({ joinToken: 'token' }),
};

describe('matcherKey', () => {
  test('is 16 hexadecimal digits that stay the same from release to release', () => {
    expect(matcherKey(CONTENT)).toMatchInlineSnapshot(`"076a79b92a89b79f"`);
  });

  test('does not see where the matcher stands, nor an order that means nothing', () => {
    const moved = {
      ...CONTENT,
      label: 'discovery_service.aws[7]',
      regions: { kind: 'listed' as const, regions: ['us-east-1' as Region, 'eu-west-1' as Region] },
      tags: [
        { key: 'team', values: ['a'] },
        { key: 'env', values: ['staging', 'prod'] },
      ],
    };

    expect(matcherKey(moved)).toBe(matcherKey(CONTENT));
  });

  test.each<[string, Partial<MatcherContent>]>([
    ['partition', { partition: 'aws-cn' }],
    ['regions', { regions: { kind: 'all' } }],
    ['role', { role: { kind: 'name', name: 'discovery', externalId: 'x' } }],
    ['organization', { organization: null }],
    ['tags', { tags: [] }],
    ['excludeTags', { excludeTags: [{ key: 'a', values: ['*'] }] }],
    ['includeAccounts', { includeAccounts: ['111122223333' as AccountId] }],
    ['excludeAccounts', { excludeAccounts: ['111122223333' as AccountId] }],
    ['accountTags', { accountTags: { include: [{ key: 'a', values: ['*'] }], exclude: [] } }],
    ['minInstanceAgeMs', { minInstanceAgeMs: 1 }],
    ['install', { install: { ...CONTENT.install, joinToken: 'other' } }],
    ['pin of the installer', { install: { ...CONTENT.install, scriptSha256: 'a'.repeat(64) } }],
  ])('changes with %s', (_name, change) => {
    expect(matcherKey({ ...CONTENT, ...change })).not.toBe(matcherKey(CONTENT));
  });
});
