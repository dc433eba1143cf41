import { expect, test } from 'vitest';
import { accountStatus, worstFirst } from './account-status.ts';
import type { CoverageStatus } from './coverage.ts';

type Read = readonly [region: string | null, status: CoverageStatus];

test.each<[CoverageStatus, readonly Read[]]>([
  ['pending', []],
  [
    'complete',
    [
      ['eu-west-1', 'complete'],
      ['ap-east-1', 'regionOff'],
    ],
  ],
  ['denied', [[null, 'denied']]],
  [
    'partial',
    [
      ['eu-west-1', 'complete'],
      ['ap-east-1', 'denied'],
    ],
  ],
  [
    'throttled',
    [
      ['eu-west-1', 'partial'],
      ['ap-east-1', 'throttled'],
    ],
  ],
  [
    'failed',
    [
      ['eu-west-1', 'throttled'],
      ['ap-east-1', 'failed'],
    ],
  ],
])('an account is %s with targets that were read as %j', (status, reads) => {
  const [worst = null] = reads.map(([region, one]) => ({ region, status: one })).toSorted(worstFirst);

  expect(accountStatus(worst)).toBe(status);
});
