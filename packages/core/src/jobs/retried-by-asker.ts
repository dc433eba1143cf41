import type { RetryPolicy } from './define-job.ts';

/**
 * The queue tries once. Whoever asked waits for the answer and asks again when none comes; an answer that says what went
 * wrong is an answer too. A throttle, which passes, brings the job back: nothing in the ledger would.
 */
export const RETRIED_BY_ASKER: RetryPolicy = {
  maxAttempts: 1,
  initialDelayMs: 1_000,
  factor: 2,
  maxDelayMs: 60_000,
  broughtBackBy: 'queue',
};
