import { ATTEMPTS_KEPT, type StoredRecord } from '@muster/core/enrollment/record';
import type { CommandId, InstanceId } from '@muster/core/organization/ids';
import { targetId, type Target } from '@muster/core/organization/target';

/** A command that this worker had accepted for an instance. */
interface Sent {
  readonly target: string;
  readonly commandId: CommandId;
  readonly acceptedAtMs: number;
  /** AWS's ExpiresAfter: live no longer than this. */
  readonly expiresAtMs: number;
}

/** What this worker knows of its own sends without asking Redis. */
export interface SentCommands {
  remember(target: Target, instanceIds: readonly InstanceId[], sent: Omit<Sent, 'target'>): void;
  /** The command that this worker remembers as live on the instance, and that its record knows nothing of; else null. */
  contradicts(record: StoredRecord, awsNowMs: number): CommandId | null;
  /** The target's own commands were listed in AWS: what is live there is in the ledger again. */
  forget(target: Target): void;
}

/** A hundred bytes each: two megabytes at most. */
const MOST_REMEMBERED = 20_000;

/**
 * Remembers the last commands of this worker, for as long as they may be live. A ledger that shows one of their instances as
 * waiting for a command, without the end of this one, is not Muster's own.
 *
 * @param most the oldest is forgotten beyond so many instances
 */
export function createSentCommands(most: number = MOST_REMEMBERED): SentCommands {
  const remembered = new Map<InstanceId, Sent>();
  return {
    remember: (target, instanceIds, sent) => {
      for (const instanceId of instanceIds) {
        remembered.delete(instanceId);
        remembered.set(instanceId, { ...sent, target: targetId(target) });
      }
      for (const instanceId of remembered.keys()) {
        if (remembered.size <= most) break;
        remembered.delete(instanceId);
      }
    },
    contradicts: (record, awsNowMs) => {
      const sent = remembered.get(record.instanceId);
      if (sent === undefined) return null;
      if (awsNowMs <= sent.expiresAtMs && !knowsEnd(record, sent)) return sent.commandId;
      remembered.delete(record.instanceId);
      return null;
    },
    forget: (target) => {
      const id = targetId(target);
      for (const [instanceId, sent] of remembered) if (sent.target === id) remembered.delete(instanceId);
    },
  };
}

/** Its end is among the attempts; or as many later ones are that this one is no longer kept. */
function knowsEnd({ attempts }: StoredRecord, { commandId, acceptedAtMs }: Sent): boolean {
  if (attempts.some((attempt) => attempt.commandId === commandId)) return true;
  return attempts.length >= ATTEMPTS_KEPT && attempts.every(({ endedAtMs }) => endedAtMs >= acceptedAtMs);
}
