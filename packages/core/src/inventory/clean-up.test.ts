import { aBatchId, aCommandId, anAccountId, aRecord, aTarget } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import type { Attempt } from '../enrollment/record.ts';
import { heldShares, isGoneOfOurs, isMissedTwice } from './clean-up.ts';

const POLL_MS = 300_000;
const ATTEMPT: Attempt = {
  batchId: aBatchId(),
  commandId: aCommandId(),
  endedAtMs: 1,
  cause: null,
  exitCode: 0,
  output: '',
};

test.each([
  ['no complete reading', null, false],
  ['the reading that missed it first', 1_000_000 - 1, false],
  ['a reading right after it', 1_000_000 + POLL_MS - 1, false],
  ['a reading one interval later', 1_000_000 + POLL_MS, true],
])('an instance gone at 1,000 s and %s: missed twice is %s', (_, readAtMs, missed) => {
  expect(isMissedTwice({ goneAtMs: 1_000_000, readAtMs, pollIntervalMs: POLL_MS })).toBe(missed);
});

describe('whose node it is to remove', () => {
  test.each([
    ['gone, and a command of ours ran on it', aRecord('gone', { attempts: [ATTEMPT] }), true],
    ['gone, and joined by other ways', aRecord('gone', { joinedAtMs: 5, attempts: [] }), false],
    [
      'gone, and no command was accepted',
      aRecord('gone', { attempts: [{ ...ATTEMPT, commandId: null }] }),
      false,
    ],
    ['stopped', aRecord('stopped', { attempts: [ATTEMPT] }), false],
    ['joined', aRecord('joined', { attempts: [ATTEMPT] }), false],
  ])('%s', (_, record, ours) => {
    expect(isGoneOfOurs(record)).toBe(ours);
  });
});

describe('how many go at once', () => {
  const vanished = (counts: readonly number[]) =>
    counts.flatMap((count, n) => Array.from({ length: count }, () => ({ target: aTarget(n) })));
  const shown = (all: number, ...accounts: readonly number[]) => ({
    all,
    accounts: new Map(accounts.map((count, n) => [anAccountId(n), count])),
  });

  test('ten nodes are never too many, whatever share they are', () => {
    expect(heldShares(vanished([10]), shown(10, 10), 0.1)).toEqual([]);
  });

  test('more than the share of an account holds that account alone', () => {
    expect(heldShares(vanished([11, 20]), shown(1_000, 100, 500), 0.1)).toEqual([
      { scope: `account:${anAccountId(0)}`, nodes: 11, of: 100 },
    ]);
  });

  test('more than the share of all holds all', () => {
    expect(heldShares(vanished([50, 51]), shown(1_000, 500, 600), 0.1)).toEqual([
      { scope: 'all', nodes: 101, of: 1_000 },
    ]);
  });

  test('exactly the share is not more', () => {
    expect(heldShares(vanished([50]), shown(1_000, 500), 0.1)).toEqual([]);
  });
});
