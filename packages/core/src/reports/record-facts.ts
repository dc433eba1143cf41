import { nextAttempt } from '../enrollment/next-attempt.ts';
import type { StoredRecord } from '../enrollment/record.ts';
import { candidateAt } from '../enrollment/record-codec.ts';
import type { TargetWait } from '../rollout/send-wait.ts';

/** What a list of instances tells of one that only its record and its target's wait say. */
export interface RecordFacts {
  /** Why a candidate is not tried now, as a word: `back-off`, `repair`, `turn`, or what its target's sends wait for. Null: it waits for nothing. */
  readonly waitsFor: string | null;
  /** The live command, else the newest one; null when there was none. */
  readonly commandId: string | null;
  /** Teleport's host id of a joined one. */
  readonly nodeId: string | null;
}

/** @param wait of its target; null without */
export function recordFacts(record: StoredRecord, wait: TargetWait | null, nowMs: number): RecordFacts {
  const newest = record.attempts.at(-1)?.commandId ?? null;
  return {
    waitsFor:
      nextAttempt(record, nowMs)?.reason ?? (candidateAt(record) === null ? null : (wait?.reason ?? null)),
    commandId: 'commandId' in record ? (record.commandId ?? null) : newest,
    nodeId: record.state === 'joined' ? record.nodeId : null,
  };
}
