import { aRecord, NOW_MS } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { describeNextAttempt, nextAttempt } from './next-record.ts';

test('a failed host waits for its back-off', () => {
  const record = { ...aRecord('failed', { failures: 2 }), nextAttemptAtMs: NOW_MS + 5 };

  expect(nextAttempt(record, NOW_MS)).toEqual({ atMs: NOW_MS + 5, reason: 'back-off' });
});

test('a queued host says for what it waits, as long as it does', () => {
  const queued = { ...aRecord('queued', { failures: 2 }), readyAtMs: NOW_MS + 5 };

  expect(nextAttempt(queued, NOW_MS)).toEqual({ atMs: NOW_MS + 5, reason: 'back-off' });
  expect(nextAttempt({ ...queued, failures: 0 }, NOW_MS)).toEqual({ atMs: NOW_MS + 5, reason: 'turn' });
  expect(nextAttempt(queued, NOW_MS + 5)).toBeNull();
});

test('others wait for no time', () => {
  expect(nextAttempt(aRecord('joined'), NOW_MS)).toBeNull();
  expect(nextAttempt(aRecord('ineligible'), NOW_MS)).toBeNull();
});

test('the reason is a sentence', () => {
  expect(describeNextAttempt({ atMs: 1, reason: 'back-off' }, 1)).toContain('one attempt has failed');
  expect(describeNextAttempt({ atMs: 1, reason: 'back-off' }, 3)).toContain(
    '3 attempts in a row have failed',
  );
  expect(describeNextAttempt({ atMs: 1, reason: 'turn' }, 0)).toContain('nothing was sent');
});
