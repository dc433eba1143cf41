import type { DueOutcome } from '../due-work.ts';

/** What one look at a batch came to. */
export interface CollectResult {
  /** Instances whose end this look has shown. */
  readonly ended: number;
  /** Instances that have not ended. */
  readonly open: number;
  readonly state: string;
}

/** @param nextAtMs when to look again; null when the batch is closed */
export function collectOutcome(
  nextAtMs: number | null,
  ended: number,
  open: number,
  state: string,
): DueOutcome<CollectResult> {
  return { nextAtMs, result: { ended, open, state } };
}
