import { anAccountId, anInstanceId } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { type PausableCandidate, pausedBy } from './control.ts';
import type { Region } from '../organization/ids.ts';

const CANDIDATE: PausableCandidate = {
  accountId: anAccountId(1),
  region: 'eu-west-1' as Region,
  instanceId: anInstanceId(1),
  cause: 'host-no-curl',
};

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
