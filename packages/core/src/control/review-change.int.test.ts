import { aCoverage, anAccountId, aMatcher, aMatcherKey } from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { CoverageStatus } from '../organization/coverage.ts';
import type { Region } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';
import { selectionOf } from '../rollout/selection/selection.ts';
import { reviewChange } from './review-change.ts';

const bench = useLedgerBench();
const CONFIG = { rollout: { askAbove: { share: 0.2, hosts: 50 }, waves: [] } } as never;
const [OLD, NEW] = [
  selectionOf([aMatcher({ key: aMatcherKey(1), tags: [{ key: 'env', values: ['prod'] }] })]),
  selectionOf([aMatcher({ key: aMatcherKey(2), tags: [] })]),
];
const TARGETS = [1, 2].map((n): Target => ({ accountId: anAccountId(n), region: 'eu-west-1' as Region }));

/** A change that is held, and two targets that were read since, the second as given. */
async function held(second: CoverageStatus): Promise<TestLedger> {
  const one = bench.create();
  const { coverage, selection } = one.ledger;
  await selection.accept(OLD, null);
  await selection.hold(NEW, { acceptedId: OLD.id, sweepId: 'sweep', replaces: true });
  for (const target of TARGETS) {
    const { accountId } = target;
    await coverage.putAccounts([{ accountId, name: '', state: 'ACTIVE', ancestorIds: [] }]);
    await coverage.putRegions(accountId, [target.region], await coverage.beginReading());
  }
  await coverage.endAccountListing('sweep', one.time.now(), null, 0);
  await read(one, 'complete', second);
  return one;
}

async function read({ ledger }: TestLedger, ...statuses: readonly CoverageStatus[]): Promise<void> {
  for (const [n, status] of statuses.entries()) {
    const [target] = TARGETS.slice(n);
    if (target === undefined) continue;
    const attemptedAtMs = await ledger.coverage.beginReading();
    await ledger.coverage.put(target, aCoverage({ status, attemptedAtMs }));
  }
}

async function isHeld({ ledger, time }: TestLedger): Promise<{ readonly isOpen: boolean } | null> {
  await reviewChange(ledger, CONFIG, time);
  return ledger.selection.held();
}

test('a target that was not read yet keeps a change closed', async () => {
  const one = await held('pending');

  expect(await isHeld(one)).toMatchObject({ isOpen: false, most: null });
});

test('a target that AWS throttles leaves it open and counting, until it was read', async () => {
  const one = await held('throttled');
  const [, second] = TARGETS;
  if (second === undefined) throw new Error('there is no second target');

  expect(await isHeld(one)).toMatchObject({ isOpen: true, most: { hosts: 50 } });
  // What shows up there later counts: more than may be added closes it again.
  await one.ledger.selection.countAdded(NEW.id, second, 51);
  expect(await isHeld(one)).toMatchObject({ isOpen: false });
  expect(await one.ledger.approvals.requests()).toMatchObject([{ hosts: 51, accounts: 1 }]);

  await one.ledger.selection.countAdded(NEW.id, second, 50);
  await read(one, 'complete', 'complete');
  expect(await isHeld(one)).toBeNull();
  expect((await one.ledger.selection.gate()).acceptedId).toBe(NEW.id);
  expect(await one.ledger.approvals.requests()).toEqual([]);
  expect(await one.ledger.control.findings()).toEqual([]);
  expect((await one.ledger.audit.newest(9)).map(({ entry }) => entry)).toMatchObject([
    { act: 'change', result: 'done', dryRun: { hosts: 50, accounts: 1 } },
    { act: 'change', result: 'stopped', dryRun: { hosts: 51, accounts: 1 } },
  ]);
});

test('an account that joins the organization meanwhile takes back no question that was asked', async () => {
  const one = await held('complete');
  const [first] = TARGETS;
  if (first === undefined) throw new Error('there is no first target');
  await one.ledger.selection.countAdded(NEW.id, first, 51);
  expect(await isHeld(one)).toMatchObject({ isOpen: false });
  const asked = await one.ledger.approvals.requests();
  expect(asked).toMatchObject([{ hosts: 51 }]);

  await one.ledger.coverage.putAccounts([
    { accountId: anAccountId(3), name: '', state: 'ACTIVE', ancestorIds: [] },
  ]);

  expect(await isHeld(one)).toMatchObject({ isOpen: false });
  expect(await one.ledger.approvals.requests()).toEqual(asked);
  expect(await one.ledger.control.findings()).toMatchObject([{ kind: 'change-held' }]);
});

test('a denied account holds no change up', async () => {
  expect(await isHeld(await held('denied'))).toBeNull();
});

test('a listing of accounts that failed leaves it open, and not over', async () => {
  const one = await held('complete');
  await one.ledger.control.raise({
    kind: 'account-list-failed',
    scope: 'all',
    sinceMs: 0,
    message: '',
    remedy: '',
  });

  expect(await isHeld(one)).toMatchObject({ isOpen: true });
});

test('a decision on another accepted selection than the present one changes nothing', async () => {
  const { selection } = (await held('complete')).ledger;

  expect(await selection.accept(NEW, 'another')).toBe('stale');
  expect(await selection.countAdded('another', TARGETS[0] as Target, 3)).toBe(false);
  expect(await selection.held()).toMatchObject({ id: NEW.id, hosts: 0 });
});
