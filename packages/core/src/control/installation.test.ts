import { expect, test } from 'vitest';
import {
  type Installation,
  judgeOwner,
  LEDGER_READABLE_FROM,
  LEDGER_SCHEMA,
  type LedgerOwner,
} from './installation.ts';

const mine: Installation = {
  cluster: 'teleport.example.com',
  group: 'prod',
  organizations: ['o-aaaaaaaaaa'],
};
const owner: LedgerOwner = { ...mine, schema: LEDGER_SCHEMA, readableFrom: LEDGER_READABLE_FROM };
const used = { prefix: 'muster', hasAccounts: true };

test('a ledger that was never claimed is taken over, an older release’s with all its records too', () => {
  expect(judgeOwner(null, mine, used)).toEqual({ kind: 'claim', owner });
});

test('the same installation goes on', () => {
  expect(judgeOwner(owner, mine, used)).toEqual({ kind: 'mine' });
});

test.each([
  ['another cluster', { cluster: 'other.example.com' }, 'cluster other.example.com'],
  ['another discovery group', { group: 'staging' }, 'discovery group "staging"'],
  ['no discovery group', { group: '' }, 'no discovery group'],
  ['another organization', { organizations: ['o-bbbbbbbbbb'] }, 'organization o-bbbbbbbbbb'],
])('%s is another installation, and both are named', (_what, change, named) => {
  const judged = judgeOwner(owner, { ...mine, ...change }, used);

  expect(judged).toMatchObject({ kind: 'foreign', reason: expect.stringContaining(named) as string });
  expect(judged).toMatchObject({
    reason: expect.stringMatching(
      /cluster teleport\.example\.com, discovery group "prod", organization o-aaaaaaaaaa.*muster\.redis\.prefix/,
    ) as string,
  });
});

test('an organization that is added is the same installation, and so is the one that is left of two', () => {
  const both = ['o-aaaaaaaaaa', 'o-bbbbbbbbbb'];

  const added = judgeOwner(owner, { ...mine, organizations: both }, used);
  const left = judgeOwner(
    { ...owner, organizations: both },
    { ...mine, organizations: ['o-bbbbbbbbbb'] },
    used,
  );

  expect(added).toEqual({ kind: 'claim', owner: { ...owner, organizations: both } });
  expect(left).toEqual({ kind: 'claim', owner: { ...owner, organizations: ['o-bbbbbbbbbb'] } });
});

test('a configuration without an organization does not forget the one that the ledger knows', () => {
  expect(judgeOwner(owner, { ...mine, organizations: [] }, used)).toEqual({ kind: 'mine' });
});

test('a ledger in which no account was ever listed is taken over: its first configuration had a wrong id', () => {
  const corrected = { ...mine, organizations: ['o-bbbbbbbbbb'] };

  expect(judgeOwner(owner, corrected, { ...used, hasAccounts: false })).toMatchObject({ kind: 'claim' });
});

test('what a newer release says of reading it holds, and is not taken back', () => {
  const readable = judgeOwner({ ...owner, schema: LEDGER_SCHEMA + 1 }, mine, used);
  const unreadable = judgeOwner(
    { ...owner, schema: LEDGER_SCHEMA + 2, readableFrom: LEDGER_SCHEMA + 1 },
    mine,
    used,
  );

  expect(readable).toEqual({ kind: 'mine' });
  expect(unreadable).toMatchObject({
    kind: 'foreign',
    reason: expect.stringContaining('newer release') as string,
  });
});
