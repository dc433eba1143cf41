import { aBatchId, aCommandId, anAccountId, aRecord, NOW_MS } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import {
  accountsToStopAll,
  type BrakeWindow,
  describeWindow,
  failedBeforeAtMs,
  hostsOfOneAccount,
  isWindowOver,
} from './brake.ts';
import type { Attempt } from '../enrollment/record.ts';

const DEFAULT = { window: 50, minOutcomes: 20, maxFailureShare: 0.5 };

/** A window of `all`; each account as hosts sent to and hosts that failed. */
function ofAll(...accounts: readonly (readonly [sent: number, failed: number])[]): BrakeWindow {
  return {
    scope: 'all',
    beganAtMs: NOW_MS,
    open: 0,
    accounts: accounts.map(([sent, failed], n) => ({ accountId: anAccountId(n), sent, failed })),
  };
}

function ofAccount(sent: number, failed: number, open = 0): BrakeWindow {
  return { ...ofAll([sent, failed]), scope: `account:${anAccountId()}`, open };
}

describe('the brake of an account', () => {
  test.each<[string, boolean, number, number]>([
    ['nothing failed', false, 50, 0],
    ['too few hosts, all bad', false, 19, 19],
    ['just enough hosts, all bad', true, 20, 20],
    ['half is not more than half', false, 50, 25],
    ['more than half', true, 50, 26],
    ['more than half of what was sent to, the rest still under way', true, 20, 11],
  ])('with %s: %s', (_what, isOver, sent, failed) => {
    expect(isWindowOver(ofAccount(sent, failed, sent - failed), DEFAULT, 20)).toBe(isOver);
  });

  test('a share of one never stops anything, a share of zero stops at the first failure', () => {
    expect(isWindowOver(ofAccount(50, 50), { ...DEFAULT, maxFailureShare: 1 }, 1)).toBe(false);
    expect(isWindowOver(ofAccount(50, 1), { ...DEFAULT, maxFailureShare: 0 }, 1)).toBe(true);
  });
});

describe('the brake of everything', () => {
  test.each<[string, boolean, number, BrakeWindow]>([
    ['five accounts broken of twenty', true, 20, ofAll([10, 10], [10, 10], [10, 9], [10, 8], [10, 6])],
    ['one broken account', false, 20, ofAll([10, 10], [10, 0], [10, 0], [10, 0], [10, 0])],
    ['one broken account and no other', false, 20, ofAll([20, 20])],
    ['two broken accounts and no other', false, 2, ofAll([20, 20], [20, 20])],
    ['four broken accounts of twenty', false, 20, ofAll([10, 10], [10, 10], [10, 10], [10, 10])],
    ['four broken accounts of six', true, 6, ofAll([10, 10], [10, 10], [10, 10], [10, 10])],
    ['three broken accounts of four', true, 4, ofAll([10, 10], [10, 10], [10, 10], [10, 0])],
    [
      'many accounts, one host each, all bad',
      true,
      900,
      ofAll(...Array.from({ length: 20 }, () => [1, 1] as const)),
    ],
    [
      'many accounts, one host each, a few bad',
      false,
      900,
      ofAll(...Array.from({ length: 50 }, (_, n) => [1, n < 8 ? 1 : 0] as const)),
    ],
    [
      'five accounts that just failed here and there',
      false,
      20,
      ofAll([10, 5], [10, 5], [10, 5], [10, 5], [10, 5]),
    ],
    ['too few hosts', false, 20, ofAll([3, 3], [4, 4], [4, 4], [4, 4], [4, 4])],
  ])('with %s: %s', (_what, isOver, accounts, window) => {
    expect(isWindowOver(window, DEFAULT, accounts)).toBe(isOver);
  });

  test('no account has more than its part of a window, and three accounts are enough for one', () => {
    expect(hostsOfOneAccount(DEFAULT)).toBe(10);
    expect(hostsOfOneAccount({ ...DEFAULT, minOutcomes: 50 })).toBe(17);
    expect([1, 3, 4, 6, 9, 10, 1000].map(accountsToStopAll)).toEqual([3, 3, 3, 4, 5, 5, 5]);
  });
});

test('a window is told with its figures', () => {
  expect(describeWindow(ofAccount(20, 14, 3), DEFAULT)).toBe(
    '14 of 20 hosts sent to one after another failed (70 %, 3 have not ended)',
  );
  expect(describeWindow(ofAll([10, 10], [10, 6], [10, 1]), DEFAULT)).toBe(
    '17 of 30 hosts sent to one after another failed in 2 of 3 accounts (57 %)',
  );
});

describe('whether a host has failed before', () => {
  const attempt = (facts: Partial<Attempt> = {}): Attempt => ({
    batchId: aBatchId(),
    commandId: aCommandId(),
    endedAtMs: NOW_MS,
    cause: null,
    exitCode: 0,
    output: '',
    ...facts,
  });
  const failed = attempt({ cause: 'host-no-curl', exitCode: 102 });

  test.each([
    ['was never sent to', null, {}],
    [
      'was refused by SSM, so that nothing ran',
      null,
      { attempts: [attempt({ cause: 'ec2-ssm-document-invalid', commandId: null })] },
    ],
    ['failed', NOW_MS, { attempts: [failed], failures: 1 }],
    ['failed, and an operator has asked for a retry', NOW_MS, { attempts: [failed], failures: 0 }],
    [
      'failed, and was refused since',
      NOW_MS,
      { attempts: [failed, attempt({ commandId: null, cause: 'ec2-ssm-document-invalid' })] },
    ],
    ['was installed and did not join', NOW_MS, { attempts: [attempt()], failures: 1 }],
    ['was installed and joined', null, { attempts: [attempt()], joinedAtMs: NOW_MS + 5_000 }],
    [
      'joined once, and did not come back',
      null,
      { attempts: [attempt()], joinedAtMs: NOW_MS + 5_000, failures: 1 },
    ],
    ['was installed again and joined again', null, { attempts: [attempt()], joinedAtMs: NOW_MS - 5_000 }],
    [
      'was installed again and did not join',
      NOW_MS,
      { attempts: [attempt()], joinedAtMs: NOW_MS - 5_000, failures: 1 },
    ],
  ])('one that %s: %s', (_what, expected, facts) => {
    expect(failedBeforeAtMs(aRecord('sending', facts))).toBe(expected);
  });
});
