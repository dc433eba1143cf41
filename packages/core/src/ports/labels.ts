import type { InstanceId } from '../domain/ids.ts';
import type { LabelChange, LabelSummary, WrittenLabels } from '../domain/node-labels.ts';
import type { Target } from '../domain/target.ts';

/** A change that waits, with its text as it is stored: a later change of the same instance has another. */
export interface WaitingChange {
  readonly target: Target;
  readonly change: LabelChange;
  readonly text: string;
}

/** Labels that nodes were given, and that they are to be given. */
export interface LabelLedger {
  /** What the target's labels last came to; null when they were never compared, or not to an end. */
  summary(target: Target): Promise<LabelSummary | null>;
  /** Written last: as long as it holds, scans look no closer. */
  setSummary(target: Target, summary: LabelSummary): Promise<void>;
  /** What the target's instances were last given. */
  written(target: Target): Promise<ReadonlyMap<InstanceId, WrittenLabels>>;
  /** Makes changes wait; the same instance's earlier change is replaced. */
  queue(target: Target, changes: readonly LabelChange[]): Promise<void>;
  /** About how many changes wait, over all targets. */
  waiting(): Promise<number>;
  /** Up to `limit` changes of any targets, in no order, so that one that cannot be written holds up nobody for good. */
  take(limit: number): Promise<readonly WaitingChange[]>;
  /** Forgets changes that are not to be written, and what was last given: the next scan compares anew. */
  leaveOut(waiting: readonly WaitingChange[]): Promise<void>;
  /** Teleport has these until `expiresAtMs`; a change that was replaced meanwhile goes on waiting. */
  settle(
    written: readonly { readonly waiting: WaitingChange; readonly expiresAtMs: number }[],
  ): Promise<void>;
}
