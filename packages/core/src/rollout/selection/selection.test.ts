import { anAccountId, aMatcher, aMatcherKey } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { encodeStored, parseStored } from '../../enrollment/stored-schema.ts';
import type { Account } from '../../organization/account.ts';
import type { Region } from '../../organization/ids.ts';
import type { Matcher, TagRule } from '../../scan/matcher.ts';
import { isPartOf, selectionOf, selects, type SelectedPlace, StoredSelection } from './selection.ts';

const PROD: TagRule = { key: 'env', values: ['prod', 'stage'] };
const ORGANIZATION = { organizationId: 'o-1', includeOus: ['ou-a'], excludeOus: [] };
const ACCOUNT: Account = {
  accountId: anAccountId(1),
  name: 'one',
  state: 'ACTIVE',
  organizationId: 'o-1',
  ancestorIds: ['r-1', 'ou-a'],
};
const ORG_MATCHER: Partial<Matcher> = {
  organization: ORGANIZATION,
  role: { kind: 'name', name: 'role', externalId: 'id' },
  tags: [PROD],
};

function place(facts: Partial<SelectedPlace> = {}): SelectedPlace {
  return {
    account: ACCOUNT,
    region: 'eu-west-1' as Region,
    instance: { tags: { env: 'prod' } },
    ownerKey: aMatcherKey(9),
    callerAccountId: null,
    ...facts,
  };
}

test('what is sent, and the order of matchers and values, make no other selection', () => {
  const first = aMatcher({ ...ORG_MATCHER, key: aMatcherKey(1) });
  const second = aMatcher({ ...ORG_MATCHER, key: aMatcherKey(2), tags: [] });
  const changed = aMatcher({
    ...first,
    key: aMatcherKey(3),
    tags: [{ key: 'env', values: ['stage', 'prod'] }],
    minInstanceAgeMs: 60_000,
    install: { ...first.install, joinToken: 'another' },
  });

  expect(selectionOf([second, changed]).id).toBe(selectionOf([first, second]).id);
});

test.each<[string, Partial<Matcher>]>([
  ['tags', { tags: [] }],
  ['excluded tags', { excludeTags: [{ key: 'x', values: ['*'] }] }],
  ['units', { organization: { ...ORGANIZATION, includeOus: ['*'] } }],
  ['regions', { regions: { kind: 'listed', regions: ['us-east-1' as Region] } }],
  ['accounts', { excludeAccounts: [anAccountId(2)] }],
])('other %s make another selection', (_, facts) => {
  const before = selectionOf([aMatcher(ORG_MATCHER)]);
  const after = selectionOf([aMatcher({ ...ORG_MATCHER, key: aMatcherKey(5), ...facts })]);

  expect(after.id).not.toBe(before.id);
  expect(isPartOf(after, before)).toBe(false);
});

test('fewer matchers are part of what was selected, and more are not', () => {
  const [one, other] = [
    aMatcher({ ...ORG_MATCHER, key: aMatcherKey(1) }),
    aMatcher({ ...ORG_MATCHER, key: aMatcherKey(2), tags: [] }),
  ];

  expect(isPartOf(selectionOf([one]), selectionOf([one, other]))).toBe(true);
  expect(isPartOf(selectionOf([one, other]), selectionOf([one]))).toBe(false);
  expect(isPartOf(selectionOf([]), selectionOf([one]))).toBe(true);
});

test('a selection that was stored says of an instance what its matchers say', () => {
  const text = encodeStored(selectionOf([aMatcher({ ...ORG_MATCHER, key: aMatcherKey(1) })]));
  const stored = parseStored(StoredSelection, text);
  if (stored === null) throw new Error('it cannot be read');

  expect(text).not.toContain('token');
  expect(selects(stored, place())).toBe(true);
  expect(selects(stored, place({ instance: { tags: { env: 'dev' } } }))).toBe(false);
  expect(selects(stored, place({ account: { ...ACCOUNT, ancestorIds: ['r-1', 'ou-b'] } }))).toBe(false);
});

test('of an older release’s, the keys of matchers alone say what was selected', () => {
  const before = { id: 'before', matcherKeys: [aMatcherKey(1)], selectors: [] };

  expect(selects(before, place({ ownerKey: aMatcherKey(1) }))).toBe(true);
  expect(selects(before, place({ ownerKey: aMatcherKey(2) }))).toBe(false);
});
