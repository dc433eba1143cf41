import { expect, test } from 'vitest';
import { type Account, checkSeal, sealAccount } from './account.ts';
import type { AccountId } from './ids.ts';

const KEYS = ['a', 'b'].map((digit) => ({ reveal: () => digit.repeat(64) }));
const SEALER = { keys: KEYS, installation: '0123456789ab' };
const AGE = { nowMs: 1_000_000, believedMs: 10_000 };
const ACCOUNT: Account = {
  accountId: '111122223333' as AccountId,
  name: 'payments',
  state: 'ACTIVE',
  organizationId: 'o-abcdefghij',
  ancestorIds: ['r-ab12', 'ou-ab12-11111111'],
  tags: { env: 'prod', team: 'red' },
  tagsReadAtMs: 999_000,
};
const sealed = sealAccount(ACCOUNT, 995_000, SEALER);

test('facts that were sealed are believed after a way through JSON, whatever the order of their tags and keys', () => {
  const { tags, ...others } = JSON.parse(JSON.stringify(sealed)) as Account;
  const shuffled = { tags: { team: 'red', env: 'prod' }, ...others };

  expect(tags).toEqual(shuffled.tags);
  expect(checkSeal(shuffled, SEALER, AGE)).toBe('valid');
  expect(checkSeal(sealAccount({ ...ACCOUNT, tags: undefined }, 995_000, SEALER), SEALER, AGE)).toBe('valid');
});

test('a name decides nothing, and is under no seal', () => {
  expect(checkSeal({ ...sealed, name: 'renamed' }, SEALER, AGE)).toBe('valid');
});

test.each<[string, Partial<Account>]>([
  ['its id', { accountId: '444455556666' as AccountId }],
  ['its state', { state: 'SUSPENDED' }],
  ['its organization', { organizationId: 'o-zzzzzzzzzz' }],
  ['no organization', { organizationId: undefined }],
  ['its units', { ancestorIds: ['r-ab12', 'ou-ab12-22222222'] }],
  ['a tag', { tags: { env: 'prod', team: 'blue' } }],
  ['no tags', { tags: undefined }],
  ['when its tags were read', { tagsReadAtMs: 1 }],
  ['when it was listed', { listedAtMs: 999_999 }],
  ['the seal', { seal: `${(sealed.seal ?? '').slice(1)}A` }],
  ['the seal, to nothing', { seal: '' }],
])('a change of %s breaks the seal', (_, change) => {
  expect(checkSeal({ ...sealed, ...change }, SEALER, AGE)).toBe('wrong');
});

test('a seal of another installation, or by another key, is wrong; one by an older key of the same file is not', () => {
  const [first, second] = KEYS;
  const older = sealAccount(ACCOUNT, 995_000, { ...SEALER, keys: KEYS.toReversed() });

  expect(checkSeal(sealed, { ...SEALER, installation: 'ba9876543210' }, AGE)).toBe('wrong');
  expect(checkSeal(sealed, { ...SEALER, keys: second === undefined ? [] : [second] }, AGE)).toBe('wrong');
  expect(checkSeal(older, SEALER, AGE)).toBe('valid');
  expect(first).toBeDefined();
});

test('an old copy is stale, facts without a seal are absent, and without a key all are believed', () => {
  const { seal: _, ...bare } = sealed;

  expect(checkSeal(sealed, SEALER, { nowMs: 1_005_001, believedMs: 10_000 })).toBe('stale');
  expect(checkSeal(bare, SEALER, AGE)).toBe('absent');
  expect(checkSeal(bare, { ...SEALER, keys: [] }, AGE)).toBe('valid');
  expect(sealAccount(ACCOUNT, 995_000, { ...SEALER, keys: [] })).toEqual({ ...ACCOUNT, listedAtMs: 995_000 });
  expect(checkSeal({ ...sealed, listedAtMs: undefined }, SEALER, AGE)).toBe('wrong');
});
