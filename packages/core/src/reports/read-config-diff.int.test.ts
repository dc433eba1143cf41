import {
  aCoverage,
  anAccountId,
  anInstanceId,
  aMatcher,
  aMatcherKey,
  aRecord,
} from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { EnrollmentRecord } from '../enrollment/record.ts';
import type { Region } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';
import { selectionOf } from '../rollout/selection/selection.ts';
import type { Bystanders } from '../scan/bystander-store.ts';
import type { Matcher } from '../scan/matcher.ts';
import { isSameDiff } from './config-diff.ts';
import { readConfigDiff } from './read-config-diff.ts';

const bench = useLedgerBench();
const WEST: Target = { accountId: anAccountId(1), region: 'eu-west-1' as Region };
const OPT_OUT = { key: 'muster:opt-out', values: ['*'] };

/** A matcher of the whole organization. */
function orgMatcher(n: number, facts: Partial<Matcher> = {}): Matcher {
  return aMatcher({
    key: aMatcherKey(n),
    role: { kind: 'name', name: 'role', externalId: null },
    organization: { organizationId: 'o-1', includeOus: ['*'], excludeOus: [] },
    tags: [{ key: 'env', values: ['prod'] }],
    excludeTags: [OPT_OUT],
    ...facts,
  });
}

const PROD = orgMatcher(1);
const ALL = orgMatcher(2, { tags: [] });

/** One account with one region, read completely by some matchers. */
async function scanned(
  by: readonly Matcher[],
  records: readonly EnrollmentRecord[],
  bystanders: Bystanders = new Map(),
): Promise<TestLedger> {
  const one = bench.create();
  const { coverage, enrollments, selection } = one.ledger;
  await coverage.putAccounts([
    {
      accountId: WEST.accountId,
      name: 'one',
      state: 'ACTIVE',
      organizationId: 'o-1',
      ancestorIds: ['r-1', 'ou-a'],
    },
  ]);
  await coverage.putRegions(WEST.accountId, [WEST.region], one.time.now());
  await coverage.put(WEST, aCoverage({ status: 'complete' }));
  await enrollments.write(
    WEST,
    'each',
    records.map((value) => ({ instanceId: value.instanceId, expected: 0, value })),
    [],
  );
  await enrollments.putBystanders(WEST, bystanders);
  await selection.accept(selectionOf(by), null);
  return one;
}

const joined = (n: number, matcher: Matcher): EnrollmentRecord =>
  aRecord('joined', { instanceId: anInstanceId(n), matcherKey: matcher.key });

test('a selector that loses its tags adds what no matcher wanted, but for what opted out', async () => {
  const { ledger } = await scanned(
    [PROD],
    [joined(1, PROD)],
    new Map([
      [anInstanceId(2), 'unmatched'],
      [anInstanceId(3), 'unmatched'],
      [anInstanceId(4), 'opted-out'],
    ]),
  );

  const diff = await readConfigDiff(ledger, [PROD], [ALL]);

  expect(diff).toMatchObject({ adds: 2, drops: 0, handsOver: 1, same: 0, unknown: 0, notKnown: [] });
  expect(diff.accounts).toMatchObject([
    { accountId: WEST.accountId, adds: 2, examples: { adds: [anInstanceId(2), anInstanceId(3)] } },
  ]);
  expect(isSameDiff(diff)).toBe(false);
});

test('what depends on tags that the ledger does not hold is said to be unknown, never nothing', async () => {
  const { ledger } = await scanned([PROD], [joined(1, PROD)], new Map([[anInstanceId(2), 'unmatched']]));
  const team = orgMatcher(3, { tags: [{ key: 'team', values: ['x'] }] });

  expect(await readConfigDiff(ledger, [PROD], [team])).toMatchObject({ adds: 0, drops: 0, unknown: 2 });
});

test('an account that is excluded drops its hosts, and another token hands them over', async () => {
  const { ledger } = await scanned([PROD], [joined(1, PROD), joined(2, PROD)]);
  const without = orgMatcher(3, { excludeAccounts: [WEST.accountId] });
  const token = orgMatcher(4, { install: { ...PROD.install, joinToken: 'other' } });

  expect(await readConfigDiff(ledger, [PROD], [without])).toMatchObject({ drops: 2, unknown: 0 });
  expect(await readConfigDiff(ledger, [PROD], [token])).toMatchObject({ handsOver: 2, unknown: 0 });
});

test('the same file is no difference', async () => {
  const { ledger } = await scanned([PROD], [joined(1, PROD)], new Map([[anInstanceId(2), 'unmatched']]));

  expect(isSameDiff(await readConfigDiff(ledger, [PROD], [PROD]))).toBe(true);
});

test('while a change is held, its hosts are told apart by their marks', async () => {
  const { ledger } = await scanned([PROD], []);
  const held = selectionOf([ALL]);
  await ledger.selection.hold(held, {
    acceptedId: selectionOf([PROD]).id,
    sweepId: 'sweep',
    replaces: true,
  });
  const added = aRecord('queued', {
    instanceId: anInstanceId(5),
    matcherKey: ALL.key,
    addedBy: held.id,
  });
  await ledger.enrollments.write(
    WEST,
    'each',
    [added, joined(6, ALL)].map((value) => ({ instanceId: value.instanceId, expected: 0, value })),
    [],
  );

  expect(await readConfigDiff(ledger, [PROD], [ALL])).toMatchObject({ adds: 1, handsOver: 1, unknown: 0 });
});

test('accounts and regions that were never in scope, and targets that were not read, are named', async () => {
  const narrow = orgMatcher(6, {
    regions: { kind: 'listed', regions: [WEST.region] },
    organization: { organizationId: 'o-1', includeOus: ['ou-a'], excludeOus: [] },
  });
  const { ledger } = await scanned([narrow], []);
  await ledger.coverage.put(WEST, aCoverage({ status: 'throttled' }));

  const diff = await readConfigDiff(ledger, [narrow], [PROD]);

  expect(diff.notKnown).toHaveLength(2);
  expect(diff.notKnown.join(' ')).toMatch(/other accounts or units.*all regions/);
  expect(diff).toMatchObject({ adds: 0, notRead: 1 });
  expect(isSameDiff(diff)).toBe(false);
});

test('hosts without a matcher are unknown when the workers work by another file', async () => {
  const { ledger } = await scanned([ALL], [], new Map([[anInstanceId(2), 'unmatched']]));
  const team = orgMatcher(3, { tags: [{ key: 'team', values: ['x'] }] });

  const diff = await readConfigDiff(ledger, [PROD], [team]);

  expect(diff).toMatchObject({ adds: 0, unknown: 1 });
  expect(diff.notKnown).toEqual([expect.stringContaining('neither of the two files')]);
});
