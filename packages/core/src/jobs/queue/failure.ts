import { UnrecoverableError } from 'bullmq';
import { isJobError, type RetryAdvice } from '../../runtime/errors.ts';
import type { RetryPolicy } from '../define-job.ts';
import { isRefusal } from '../../redis/redis-fault.ts';

/** How a thrown thing is to be read: its code, and what the job does next. An error without a class is our bug. */
export function classify(error: unknown): { readonly code: string; readonly retry: RetryAdvice } {
  if (isJobError(error)) return { code: error.code, retry: error.retry };
  return { code: isRefusal(error) ? 'ledger.unavailable' : 'bug.unknown', retry: 'backoff' };
}

/**
 * The error that BullMQ stores and the console shows: `code: message`, and the original's stack, both redacted, since
 * job data lies in Redis in clear text. BullMQ does not retry an `UnrecoverableError`.
 */
export function storedFailure(error: unknown, redact: (text: string) => string): Error {
  const { code, retry } = classify(error);
  const text = error instanceof Error ? error.message : String(error);
  const message = redact(`${code}: ${text}`);
  const failure = retry === 'never' ? new UnrecoverableError(message) : new Error(message);
  failure.stack = redact(error instanceof Error ? (error.stack ?? message) : message);
  return failure;
}

/**
 * Until the next attempt, in ms: the contract's delay with up to a tenth more, so that jobs which failed together do not
 * come back together.
 *
 * @param attemptsMade failed ones, 1 or more
 * @param jitter 0..1
 */
export function retryDelayMs(retry: RetryPolicy, attemptsMade: number, jitter: number): number {
  const plain = retry.initialDelayMs * retry.factor ** (attemptsMade - 1);
  return Math.round(Math.min(plain, retry.maxDelayMs) * (1 + 0.1 * jitter));
}
