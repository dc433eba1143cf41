import type { SendWait, TargetWait, WaitReason } from '../domain/send-wait.ts';
import type { Target } from '../domain/target.ts';

/** What keeps each target's candidates from being sent to. */
export interface WaitLedger {
  /**
   * A send to the target waits. Since when is kept while the reason stays; `hasSent`: something was sent meanwhile, so the
   * wait is a new one.
   */
  note(
    target: Target,
    wait: {
      readonly reason: WaitReason;
      readonly untilMs: number | null;
      readonly nowMs: number;
      readonly hasSent: boolean;
    },
  ): Promise<void>;
  /** Nothing waits there any more. */
  clear(target: Target): Promise<void>;
  of(target: Target): Promise<TargetWait | null>;
  /** All waits by reason, those of the most instances first. */
  sum(nowMs: number): Promise<readonly SendWait[]>;
}
