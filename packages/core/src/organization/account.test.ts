import { anAccountId } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { type Account, isAccountInScope, type OrganizationScope } from './account.ts';

const [ROOT, PROD, PROD_WEB, TEST] = ['r-ab12', 'ou-ab12-prod', 'ou-ab12-prodweb', 'ou-ab12-test'] as const;

function inScope(ancestorIds: readonly string[], scope: Partial<OrganizationScope>): boolean {
  const account: Account = { accountId: anAccountId(), name: 'a', state: 'ACTIVE', ancestorIds };
  return isAccountInScope(account, { organizationId: 'o-1', includeOus: ['*'], excludeOus: [], ...scope });
}

test.each<[string, boolean, readonly string[], Partial<OrganizationScope>]>([
  ['everything takes an account in the root', true, [ROOT], {}],
  ['everything takes an account deep down', true, [ROOT, PROD, PROD_WEB], {}],
  ['a listed unit takes the accounts in it', true, [ROOT, PROD], { includeOus: [PROD] }],
  ['a listed unit takes the units below it', true, [ROOT, PROD, PROD_WEB], { includeOus: [PROD] }],
  ['a listed unit leaves out its parent', false, [ROOT, PROD], { includeOus: [PROD_WEB] }],
  ['a listed unit leaves out its sibling', false, [ROOT, TEST], { includeOus: [PROD] }],
  ['the root can be listed', true, [ROOT, TEST], { includeOus: [ROOT] }],
  ['an excluded unit is not descended into', false, [ROOT, PROD, PROD_WEB], { excludeOus: [PROD] }],
  [
    'exclusion wins over a listed unit below it',
    false,
    [ROOT, PROD, PROD_WEB],
    { includeOus: [PROD_WEB], excludeOus: [PROD] },
  ],
  [
    'exclusion below a listed unit leaves the rest',
    true,
    [ROOT, PROD],
    { includeOus: [PROD], excludeOus: [PROD_WEB] },
  ],
  [
    'exclusion below a listed unit',
    false,
    [ROOT, PROD, PROD_WEB],
    { includeOus: [PROD], excludeOus: [PROD_WEB] },
  ],
  ['an excluded root leaves nothing', false, [ROOT, PROD], { excludeOus: [ROOT] }],
  ['the wildcard counts wherever it stands', true, [ROOT, TEST], { includeOus: [PROD, '*'] }],
  ['nothing listed takes nothing', false, [ROOT], { includeOus: [] }],
  ['ids match whole', false, [ROOT, PROD_WEB], { includeOus: [PROD] }],
  ['an account outside any organization is taken only by the wildcard', true, [], {}],
  ['an account outside any organization', false, [], { includeOus: [ROOT] }],
])('%s (%s)', (_what, expected, ancestorIds, scope) => {
  expect(inScope(ancestorIds, scope)).toBe(expected);
});
