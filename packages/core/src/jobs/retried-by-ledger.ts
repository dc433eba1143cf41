import type { RetryPolicy } from './define-job.ts';

/**
 * The queue tries once. What is not done stays due in the ledger and is handed out again, which also heals what the
 * queue cannot know of: a flushed Redis, a job lost between two writes, a worker that was killed.
 */
export const RETRIED_BY_LEDGER: RetryPolicy = {
  maxAttempts: 1,
  initialDelayMs: 1_000,
  factor: 2,
  maxDelayMs: 60_000,
  broughtBackBy: 'ledger',
};
