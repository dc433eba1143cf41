import { describe, expect, it } from 'vitest';
import { createSimClock } from '../clock.ts';
import { type JoinAttempt, JOIN_REFUSALS, type JoinTokenRule, refuseJoin } from './join-tokens.ts';

const clock = createSimClock(1, () => 1_000);
const attempt: JoinAttempt = {
  token: 't',
  accountId: '111122223333',
  organizationId: 'o-abcdefghij',
  instanceId: 'i-0123456789abcdef0',
  organizationalUnits: ['ou-abcd-11111111', 'r-abcd'],
  roleName: 'web',
};

function outcome(allow: readonly JoinTokenRule[], overrides: Partial<JoinAttempt> = {}): string | null {
  return refuseJoin({ name: 't', allow }, { ...attempt, ...overrides }, clock);
}

describe('a join token', () => {
  it.each<[string, JoinTokenRule, Partial<JoinAttempt>]>([
    ['another organization', { organizationId: 'o-other' }, {}],
    ['no organization at all', { organizationId: 'o-abcdefghij' }, { organizationId: null }],
    ['another account', { accountId: '999999999999' }, {}],
    ['another role', { arn: 'arn:aws:sts::111122223333:assumed-role/db/*' }, {}],
    ['a unit outside', { organizationalUnits: { include: ['ou-abcd-22222222'] } }, {}],
    ['an excluded unit', { organizationalUnits: { include: ['*'], exclude: ['ou-abcd-11111111'] } }, {}],
    ['one of two keys', { organizationId: 'o-abcdefghij', accountId: '999999999999' }, {}],
  ])('refuses a host of %s', (_, rule, overrides) => {
    expect(outcome([rule], overrides)).toBe(JOIN_REFUSALS.noRule);
  });

  it.each<[string, JoinTokenRule]>([
    ['the organization', { organizationId: 'o-abcdefghij' }],
    ['the account', { accountId: '111122223333' }],
    ['an ARN with wildcards', { arn: 'arn:aws:sts::1111????3333:assumed-role/*/i-*' }],
    ['a unit above', { organizationalUnits: { include: ['r-abcd'], exclude: ['ou-abcd-22222222'] } }],
  ])('allows a host by %s', (_, rule) => {
    expect(outcome([{ accountId: '999999999999' }, rule])).toBeNull();
  });

  it('allows no host without rules', () => {
    expect(outcome([])).toBe(JOIN_REFUSALS.noRule);
  });

  it('is unknown once it has expired', () => {
    const token = { name: 't', allow: [{}], expiresAtMs: 1_000 };

    expect(refuseJoin(token, attempt, clock)).toBe(JOIN_REFUSALS.unknownToken);
    expect(refuseJoin({ ...token, expiresAtMs: 1_001 }, attempt, clock)).toBeNull();
  });

  it('of another method refuses hosts that join by IAM', () => {
    expect(refuseJoin({ name: 't', method: 'token', allow: [{}] }, attempt, clock)).toBe(
      JOIN_REFUSALS.wrongMethod,
    );
  });
});
