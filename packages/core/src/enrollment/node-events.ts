/** What the node inventory says of an instance: its node is there, or is not there in time. */
import { baseOf, failedRecord, type Transition, type TransitionContext } from './next-record.ts';
import type { EnrollmentRecord } from './record.ts';

/** A node ends the path, whatever installed it, from any state that holds no open command. */
export function onNodeSeen(record: EnrollmentRecord, nodeId: string, context: TransitionContext): Transition {
  switch (record.state) {
    case 'joined':
      return record.nodeId === nodeId ? record : { ...record, nodeId };
    case 'discovered':
    case 'ineligible':
    case 'queued':
    case 'installed':
    case 'failed':
      return {
        ...baseOf(record, context),
        failures: 0,
        joinedAtMs: record.joinedAtMs ?? context.nowMs,
        state: 'joined',
        nodeId,
      };
    case 'sending':
    case 'installing':
    case 'stopped':
    case 'unmatched':
    case 'gone':
      return 'ignored';
    default:
      return record satisfies never;
  }
}

/** Installed, and not joined in time. */
export function onJoinDeadline(record: EnrollmentRecord, context: TransitionContext): Transition {
  if (
    record.state !== 'installed' ||
    record.joinDeadlineMs === null ||
    record.joinDeadlineMs > context.nowMs
  ) {
    return 'ignored';
  }
  return failedRecord(baseOf(record, context), 'ec2-join-failure', context);
}
