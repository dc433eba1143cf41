import type { Cause, StoredCause } from './cause.ts';
import type { BatchId, CommandId } from '../organization/ids.ts';

/** How many attempts a record remembers; the total is counted separately. */
export const ATTEMPTS_KEPT = 4;

/** One command for one instance, as it ended. */
export interface Attempt {
  readonly batchId: BatchId;
  /** Null when SSM refused the command before it had an id. */
  readonly commandId: CommandId | null;
  readonly endedAtMs: number;
  /** Null when it succeeded. */
  readonly cause: StoredCause | null;
  readonly exitCode: number | null;
  /** The tail of its output, untrusted and bounded; only the newest attempt keeps one. */
  readonly output: string;
}

/** How one invocation ended, in our words. */
export type AttemptResult =
  | { readonly kind: 'success'; readonly exitCode: number; readonly output: string }
  | {
      readonly kind: 'failure';
      readonly cause: Cause;
      readonly exitCode: number | null;
      readonly output: string;
    };

/** The history after one more attempt: bounded, and with output for the newest alone, so that a record stays under 1 KB. */
export function recordAttempt(
  history: { readonly attempts: readonly Attempt[]; readonly attemptCount: number },
  sent: { readonly batchId: BatchId; readonly commandId: CommandId | null },
  result: AttemptResult,
  nowMs: number,
): { readonly attempts: readonly Attempt[]; readonly attemptCount: number } {
  const newest: Attempt = {
    ...sent,
    endedAtMs: nowMs,
    cause: result.kind === 'failure' ? result.cause : null,
    exitCode: result.exitCode,
    output: result.kind === 'failure' ? result.output : '',
  };
  const older = history.attempts.slice(1 - ATTEMPTS_KEPT).map((attempt) => ({ ...attempt, output: '' }));
  return { attempts: [...older, newest], attemptCount: history.attemptCount + 1 };
}
