import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { JobError } from '../../runtime/errors.ts';
import { storedFailure } from './failure.ts';

test('BullMQ tries nothing again, whatever an error says of another try', () => {
  const never = new JobError('aws.denied', 'no', { retry: 'never' });
  const later = new JobError('aws.unavailable', 'later', { retry: 'backoff' });

  for (const error of [never, later, new TypeError('a bug')]) {
    expect(storedFailure(error, String)).toBeInstanceOf(UnrecoverableError);
  }
});

test('what is stored names the code and is redacted, whatever was thrown', () => {
  const redact = (text: string): string => text.replaceAll('hunter2', '***');

  expect(storedFailure('hunter2', redact).message).toBe('bug.unknown: ***');
  expect(storedFailure(new Error('hunter2'), redact).stack).not.toContain('hunter2');
});
