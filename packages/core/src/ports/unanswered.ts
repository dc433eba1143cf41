import type { UnansweredCalls } from '../domain/unanswered.ts';

/** Which services of AWS do not answer, over all workers. */
export interface UnansweredLedger {
  all(): Promise<readonly UnansweredCalls[]>;
  /** Adds what does not answer, or goes on not answering; the earliest beginning stands. */
  put(calls: readonly UnansweredCalls[]): Promise<void>;
  remove(calls: readonly UnansweredCalls[]): Promise<void>;
}
