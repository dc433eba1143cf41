import { anAccountId, anInstanceId } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { brakeTrips, type PausableCandidate, pausedBy } from './control.ts';
import type { Region } from './ids.ts';

const CANDIDATE: PausableCandidate = {
  accountId: anAccountId(1),
  region: 'eu-west-1' as Region,
  instanceId: anInstanceId(1),
  cause: 'host-no-curl',
};
const RULE = { window: 10, minOutcomes: 4, maxFailureShare: 0.5 };

test.each([
  'all',
  `account:${anAccountId(1)}`,
  'region:eu-west-1',
  `instance:${anInstanceId(1)}`,
  'cause:host-no-curl',
])('a pause of %s stops the candidate', (scope) => {
  expect(pausedBy(new Set([scope, 'account:999999999999']), CANDIDATE)).toBe(scope);
});

test('pauses of others do not, and one that never failed waits for no cause', () => {
  const others = new Set([
    `account:${anAccountId(2)}`,
    'region:us-east-1',
    `instance:${anInstanceId(2)}`,
    'cause:host-no-sudo',
  ]);

  expect(pausedBy(others, CANDIDATE)).toBeNull();
  expect(pausedBy(new Set(), CANDIDATE)).toBeNull();
  expect(pausedBy(new Set(['cause:host-no-curl', 'cause:null']), { ...CANDIDATE, cause: null })).toBeNull();
});

test('the widest pause is the one that is named', () => {
  expect(pausedBy(new Set(['region:eu-west-1', 'all']), CANDIDATE)).toBe('all');
});

test.each<[string, boolean, readonly boolean[]]>([
  ['nothing yet', false, []],
  ['too few outcomes, all bad', false, [true, true, true]],
  ['just enough outcomes, all bad', true, [true, true, true, true]],
  ['half is not more than half', false, [true, true, false, false]],
  ['more than half', true, [true, true, true, false, false]],
  ['all good', false, [false, false, false, false]],
  [
    'old failures beyond the window',
    false,
    [...Array<boolean>(10).fill(false), ...Array<boolean>(90).fill(true)],
  ],
  [
    'old successes beyond the window',
    true,
    [...Array<boolean>(10).fill(true), ...Array<boolean>(90).fill(false)],
  ],
])('the brake with %s: %s', (_what, trips, outcomes) => {
  expect(brakeTrips(outcomes, RULE)).toBe(trips);
});

test('a share of one never stops anything, a share of zero stops at the first failure', () => {
  expect(brakeTrips([true, true, true, true], { ...RULE, maxFailureShare: 1 })).toBe(false);
  expect(brakeTrips([true, false, false, false], { ...RULE, maxFailureShare: 0 })).toBe(true);
});
