import { anAccountId, anInstance, aMatcher, aMatcherKey } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import type { Account } from '../organization/account.ts';
import type { Region } from '../organization/ids.ts';
import { coversAccount, coversRegion, matchesInstance, roleFor, type TagRule } from './matcher.ts';
import { accountOfRole, groupByRole, matchersOfAccount } from './matcher-scope.ts';

const [A, B] = [anAccountId(1), anAccountId(2)];
const [WEST, EAST] = ['eu-west-1', 'us-east-1'] as [Region, Region];
const ENV_PROD: TagRule = { key: 'env', values: ['prod', 'stage'] };
const TEAM_ANY: TagRule = { key: 'team', values: ['*'] };

describe('tags', () => {
  test.each<[string, boolean, Readonly<Record<string, string>>, readonly TagRule[], readonly TagRule[]]>([
    ['no rule takes every instance', true, {}, [], []],
    ['one of the values', true, { env: 'stage' }, [ENV_PROD], []],
    ['none of the values', false, { env: 'dev' }, [ENV_PROD], []],
    ['the key is missing', false, { other: 'prod' }, [ENV_PROD], []],
    ['keys differ in case', false, { Env: 'prod' }, [ENV_PROD], []],
    ['values differ in case', false, { env: 'Prod' }, [ENV_PROD], []],
    ['a star takes any value', true, { team: 'x' }, [TEAM_ANY], []],
    ['a star takes an empty value', true, { team: '' }, [TEAM_ANY], []],
    ['a star needs the key', false, {}, [TEAM_ANY], []],
    ['all rules must hold', false, { env: 'prod' }, [ENV_PROD, TEAM_ANY], []],
    ['all rules hold', true, { env: 'prod', team: 'x' }, [ENV_PROD, TEAM_ANY], []],
    [
      'any exclusion wins',
      false,
      { env: 'prod', optout: 'yes' },
      [ENV_PROD],
      [TEAM_ANY, { key: 'optout', values: ['*'] }],
    ],
    [
      'an exclusion that does not hold',
      true,
      { env: 'prod', optout: 'no' },
      [ENV_PROD],
      [{ key: 'optout', values: ['yes'] }],
    ],
    ['a rule without values takes nothing', false, { env: 'prod' }, [{ key: 'env', values: [] }], []],
  ])('%s (%s)', (_what, expected, tags, rules, excludeTags) => {
    expect(matchesInstance(aMatcher({ tags: rules, excludeTags }), anInstance({ tags }))).toBe(expected);
  });
});

describe('accounts and regions', () => {
  test('an account is covered when it is included, or no list includes, and none excludes it', () => {
    expect(coversAccount(aMatcher(), A)).toBe(true);
    expect(coversAccount(aMatcher({ includeAccounts: [A] }), A)).toBe(true);
    expect(coversAccount(aMatcher({ includeAccounts: [A] }), B)).toBe(false);
    expect(coversAccount(aMatcher({ includeAccounts: [] }), A)).toBe(false);
    expect(coversAccount(aMatcher({ includeAccounts: [A], excludeAccounts: [A] }), A)).toBe(false);
  });

  test('listed regions only, or all', () => {
    expect(coversRegion(aMatcher(), WEST)).toBe(true);
    expect(coversRegion(aMatcher({ regions: { kind: 'listed', regions: [WEST] } }), WEST)).toBe(true);
    expect(coversRegion(aMatcher({ regions: { kind: 'listed', regions: [WEST] } }), EAST)).toBe(false);
  });
});

describe('roles', () => {
  test('a role name makes an ARN in the account, with its path and partition', () => {
    const role = (name: string) => ({ role: { kind: 'name' as const, name, externalId: 'x-1' } });

    expect(roleFor(aMatcher(role('muster')), A)).toEqual({
      arn: `arn:aws:iam::${A}:role/muster`,
      externalId: 'x-1',
    });
    expect(roleFor(aMatcher({ ...role('/teleport/discovery'), partition: 'aws-us-gov' }), A)?.arn).toBe(
      `arn:aws-us-gov:iam::${A}:role/teleport/discovery`,
    );
  });

  test('an ARN stays itself, and ambient credentials are no role', () => {
    const arn = `arn:aws:iam::${B}:role/muster`;

    expect(roleFor(aMatcher({ role: { kind: 'arn', arn, externalId: null } }), A)).toEqual({
      arn,
      externalId: null,
    });
    expect(roleFor(aMatcher(), A)).toBeNull();
  });

  test.each([
    ['arn:aws:iam::111122223333:role/path/muster', '111122223333'],
    ['arn:aws-cn:iam::111122223333:role/muster', '111122223333'],
    ['arn:aws:iam::111122223333:user/muster', null],
    ['arn:aws:iam::1111:role/muster', null],
    ['muster', null],
  ])('the account of %s is %s', (arn, account) => {
    expect(accountOfRole(arn)).toBe(account);
  });

  test('matchers that enter with the same role read together, in file order; another external id is another role', () => {
    const arn = `arn:aws:iam::${A}:role/muster`;
    const named = aMatcher({ key: aMatcherKey(1), role: { kind: 'arn', arn, externalId: null } });
    const other = aMatcher({ key: aMatcherKey(2), role: { kind: 'arn', arn, externalId: 'x' } });
    const same = aMatcher({ key: aMatcherKey(3), role: { kind: 'name', name: 'muster', externalId: null } });
    const ambient = aMatcher({ key: aMatcherKey(4) });

    expect(groupByRole([named, other, same, ambient], A, null)).toEqual([
      { role: { arn, externalId: null }, matchers: [named, same] },
      { role: { arn, externalId: 'x' }, matchers: [other] },
      { role: null, matchers: [ambient] },
    ]);
  });

  test('a matcher that does not cover the region does not read it', () => {
    const west = aMatcher({ regions: { kind: 'listed', regions: [WEST] } });

    expect(groupByRole([west], A, EAST)).toEqual([]);
    expect(groupByRole([west], A, WEST)).toHaveLength(1);
    expect(groupByRole([west], A, null)).toHaveLength(1);
  });
});

describe('whose account it is', () => {
  const account: Account = {
    accountId: A,
    name: 'a',
    state: 'ACTIVE',
    ancestorIds: ['r-ab12', 'ou-ab12-prod'],
  };
  const organization = { organizationId: 'o-1', includeOus: ['ou-ab12-prod'], excludeOus: [] };

  test('an organization matcher covers the accounts in its units', () => {
    const inside = aMatcher({ organization });
    const outside = aMatcher({ organization: { ...organization, includeOus: ['ou-ab12-test'] } });

    expect(matchersOfAccount([outside, inside], account, null)).toEqual([inside]);
  });

  test('a matcher with a role covers the account of the role', () => {
    const mine = aMatcher({ role: { kind: 'arn', arn: `arn:aws:iam::${A}:role/x`, externalId: null } });
    const yours = aMatcher({ role: { kind: 'arn', arn: `arn:aws:iam::${B}:role/x`, externalId: null } });

    expect(matchersOfAccount([mine, yours], account, null)).toEqual([mine]);
  });

  test("a matcher without either covers the worker's own account", () => {
    expect(matchersOfAccount([aMatcher()], account, A)).toHaveLength(1);
    expect(matchersOfAccount([aMatcher()], account, B)).toEqual([]);
    expect(matchersOfAccount([aMatcher()], account, null)).toEqual([]);
  });

  test('an excluded account is covered by none', () => {
    expect(matchersOfAccount([aMatcher({ organization, excludeAccounts: [A] })], account, A)).toEqual([]);
  });
});
