import { expect, test } from 'vitest';
import { isJobError, JobError, messageOf } from './errors.ts';

test('an error carries its code, advice, details and cause', () => {
  const cause = new Error('reset');
  const error = new JobError('aws.unavailable', 'no answer', {
    retry: 'backoff',
    details: { httpStatus: 503 },
    cause,
  });

  expect(error).toMatchObject({
    name: 'JobError',
    code: 'aws.unavailable',
    retry: 'backoff',
    details: { httpStatus: 503 },
  });
  expect(error.cause).toBe(cause);
  expect(new JobError('bug.unknown', 'x', { retry: 'never' })).not.toHaveProperty('cause');
  expect(new JobError('bug.unknown', 'x', { retry: 'never' }).details).toEqual({});
});

test('a JobError is told from others, by code when asked', () => {
  const error = new JobError('aws.denied', 'no', { retry: 'never' });

  expect(isJobError(error)).toBe(true);
  expect(isJobError(error, 'aws.throttled', 'aws.denied')).toBe(true);
  expect(isJobError(error, 'aws.throttled')).toBe(false);
  expect(isJobError(new Error('no'))).toBe(false);
  expect(isJobError({ code: 'aws.denied' })).toBe(false);
});

test('anything thrown has a message', () => {
  expect(messageOf(new Error('x'))).toBe('x');
  expect(messageOf('plain')).toBe('plain');
  expect(messageOf(null)).toBe('null');
});
