import type { DueOutcome } from '../due-work.ts';

/** What one look at a batch came to. */
export interface CollectResult {
  /** Instances whose end this look has shown. */
  readonly ended: number;
  /** Instances that have not ended. */
  readonly open: number;
  readonly state: string;
}

/** @param nextInMs in how long to look again; null when the batch is closed */
export function collectOutcome(
  nextInMs: number | null,
  ended: number,
  open: number,
  state: string,
): DueOutcome<CollectResult> {
  return { nextInMs, result: { ended, open, state } };
}
