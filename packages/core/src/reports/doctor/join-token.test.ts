import { anAccountId } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { faultOfToken, type JoinToken, type JoinTokenRule, type TokenUse } from './teleport-checks.ts';

const NOW_MS = Date.UTC(2026, 10, 25);
const ORGANIZATION: TokenUse = { organizationId: 'o-aaaaaaaaaa', accountId: null };
const ACCOUNT: TokenUse = { organizationId: null, accountId: anAccountId(1) };

function rule(facts: Partial<JoinTokenRule>): JoinTokenRule {
  return { organizationId: null, accountId: null, ...facts };
}

function aToken(facts: Partial<JoinToken> = {}): JoinToken {
  return {
    name: 'aws-discovery-iam-token',
    joinMethod: 'iam',
    roles: ['Node'],
    expiresAtMs: null,
    allow: [rule({ organizationId: 'o-aaaaaaaaaa' })],
    ...facts,
  };
}

test.each([
  ['for the organization', aToken(), ORGANIZATION],
  [
    'for accounts, which may be all of the organization',
    aToken({ allow: [rule({ accountId: '1' })] }),
    ORGANIZATION,
  ],
  ['for the account', aToken({ allow: [rule({ accountId: anAccountId(1) })] }), ACCOUNT],
  ['for roles, which may be in the account', aToken({ allow: [rule({})] }), ACCOUNT],
  ['that expires later', aToken({ expiresAtMs: NOW_MS + 1 }), ORGANIZATION],
])('a token %s is fit', (_, token, use) => {
  expect(faultOfToken(token, [use], NOW_MS)).toBeNull();
});

test.each([
  ['token', aToken({ joinMethod: 'token' }), [ORGANIZATION]],
  ['Proxy', aToken({ roles: ['Proxy'] }), [ORGANIZATION]],
  ['nothing', aToken({ roles: [] }), [ORGANIZATION]],
  ['2026-11-25T00:00:00.000Z', aToken({ expiresAtMs: NOW_MS }), [ORGANIZATION]],
  ['o-aaaaaaaaaa', aToken({ allow: [rule({ organizationId: 'o-bbbbbbbbbb' })] }), [ORGANIZATION]],
  [anAccountId(1), aToken({ allow: [rule({ accountId: anAccountId(2) })] }), [ACCOUNT]],
  ['no host', aToken({ allow: [] }), [{ organizationId: null, accountId: null }]],
  ['organization', aToken({ allow: [] }), [ORGANIZATION]],
])('a token that does not fit is told by what is wrong with it: %s', (word, token, uses) => {
  expect(faultOfToken(token, uses, NOW_MS)).toContain(word);
});

test('every use of a token must be allowed', () => {
  const token = aToken({ allow: [rule({ organizationId: 'o-aaaaaaaaaa', accountId: anAccountId(2) })] });

  expect(faultOfToken(token, [ORGANIZATION], NOW_MS)).toBeNull();
  expect(faultOfToken(token, [ORGANIZATION, ACCOUNT], NOW_MS)).toContain(anAccountId(1));
});
