import { UnrecoverableError } from 'bullmq';
import { isJobError, type RetryAdvice } from '../../runtime/errors.ts';
import { isRefusal } from '../../redis/redis-fault.ts';

/** How a thrown thing is to be read: its code, and what the job does next. An error without a class is our bug. */
export function classify(error: unknown): { readonly code: string; readonly retry: RetryAdvice } {
  if (isJobError(error)) return { code: error.code, retry: error.retry };
  return { code: isRefusal(error) ? 'ledger.unavailable' : 'bug.unknown', retry: 'backoff' };
}

/**
 * The error that BullMQ stores and the console shows: `code: message`, and the original's stack, both redacted, since
 * job data lies in Redis in clear text. BullMQ tries no job again that ends with an `UnrecoverableError`.
 */
export function storedFailure(error: unknown, redact: (text: string) => string): Error {
  const { code } = classify(error);
  const text = error instanceof Error ? error.message : String(error);
  const message = redact(`${code}: ${text}`);
  const failure = new UnrecoverableError(message);
  failure.stack = redact(error instanceof Error ? (error.stack ?? message) : message);
  return failure;
}
