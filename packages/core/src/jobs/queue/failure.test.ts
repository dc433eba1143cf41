import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { JobError } from '../../runtime/errors.ts';
import { retryDelayMs, storedFailure } from './failure.ts';

const policy = {
  maxAttempts: 9,
  initialDelayMs: 100,
  factor: 3,
  maxDelayMs: 1_000,
  broughtBackBy: 'ledger' as const,
};

test('delays grow by the factor up to the longest', () => {
  expect([1, 2, 3, 4, 5].map((attempts) => retryDelayMs(policy, attempts, 0))).toEqual([
    100, 300, 900, 1_000, 1_000,
  ]);
});

test('jitter only lengthens, by at most a tenth', () => {
  expect(retryDelayMs(policy, 1, 1)).toBe(110);
  expect(retryDelayMs(policy, 1, 0.5)).toBe(105);
});

test('only an error that says never is unrecoverable', () => {
  const never = new JobError('aws.denied', 'no', { retry: 'never' });
  const later = new JobError('aws.unavailable', 'later', { retry: 'backoff' });

  expect(storedFailure(never, String)).toBeInstanceOf(UnrecoverableError);
  expect(storedFailure(later, String)).not.toBeInstanceOf(UnrecoverableError);
});

test('what is stored names the code and is redacted, whatever was thrown', () => {
  const redact = (text: string): string => text.replaceAll('hunter2', '***');

  expect(storedFailure('hunter2', redact).message).toBe('bug.unknown: ***');
  expect(storedFailure(new Error('hunter2'), redact).stack).not.toContain('hunter2');
});
