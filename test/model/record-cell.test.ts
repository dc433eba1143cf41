/** The model's records move exactly as the code's do: each state of the model, each event, through both. */
import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import type { TransitionContext } from '@muster/core/enrollment/next-record';
import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import { transition } from '@muster/core/enrollment/transition';
import type { BatchId, CommandId, InstanceId, MatcherKey } from '@muster/core/organization/ids';
import { describe, expect, test } from 'vitest';
import { moveRecord, type RecordEvent } from './ledger.ts';
import type { RecordCell, RecordState } from './state.ts';

const CONTEXT: TransitionContext = {
  nowMs: 1_000_000,
  backoff: { operatorFirstMs: 0, transientFirstMs: 0, capMs: 0 },
  joinTimeoutMs: 1_000,
  hasInventory: true,
  repairs: true,
  jitter: 0,
};

const STATES: readonly RecordState[] = ['queued', 'sending', 'installing', 'installed', 'failed'];
const batchId = (batch: number) => `batch-${batch}` as BatchId;
const commandId = (batch: number) => `command-${batch}` as CommandId;

function recordOf({ state, batch, ended }: RecordCell): EnrollmentRecord {
  const base = {
    instanceId: 'i-0123456789abcdef0' as InstanceId,
    matcherKey: 'matcher' as MatcherKey,
    firstSeenAtMs: 0,
    changedAtMs: 0,
    launchedAtMs: null,
    joinedAtMs: null,
    failures: 0,
    attemptCount: 0,
    attempts: [1, 2]
      .filter((one) => (ended & (1 << one)) !== 0)
      .map((one) => ({
        batchId: batchId(one),
        commandId: commandId(one),
        endedAtMs: 0,
        cause: null,
        exitCode: 0,
        output: '',
      })),
  };
  switch (state) {
    case 'queued':
      return { ...base, state, readyAtMs: 0 };
    case 'failed':
      return { ...base, state, cause: 'ec2-ssm-script-failure', nextAttemptAtMs: 0 };
    case 'installed':
      return { ...base, state, joinDeadlineMs: null };
    case 'sending':
      return { ...base, state, batchId: batchId(batch) };
    case 'installing':
      return { ...base, state, batchId: batchId(batch), commandId: commandId(batch) };
    default:
      return state satisfies never;
  }
}

function eventOf(event: RecordEvent): EnrollmentEvent {
  switch (event.kind) {
    case 'claimed':
      return { kind: 'claimed', batchId: batchId(event.batch) };
    case 'refused':
      return { kind: 'send-refused', batchId: batchId(event.batch), cause: null, readyAtMs: 0 };
    case 'accepted':
      return { kind: 'accepted', batchId: batchId(event.batch), commandId: commandId(event.batch) };
    case 'ended':
      return {
        kind: 'ended',
        commandId: commandId(event.batch),
        result: event.good
          ? { kind: 'success', exitCode: 0, output: '' }
          : { kind: 'failure', cause: 'ec2-ssm-script-failure', exitCode: 1, output: '' },
      };
    default:
      return event satisfies never;
  }
}

/** What the model keeps of a record: the order of its attempts is not part of it. */
function summaryOf(record: EnrollmentRecord): readonly unknown[] {
  const batch = 'batchId' in record ? record.batchId : null;
  return [record.state, batch, new Set(record.attempts.map((attempt) => attempt.commandId))];
}

const EVENTS: readonly RecordEvent[] = [1, 2].flatMap((batch): RecordEvent[] => [
  { kind: 'claimed', batch },
  { kind: 'refused', batch },
  { kind: 'accepted', batch },
  { kind: 'ended', batch, good: true },
  { kind: 'ended', batch, good: false },
]);

const CELLS: readonly RecordCell[] = STATES.flatMap((state) =>
  [0, 1 << 1, 1 << 2].map((ended) => ({
    state,
    batch: state === 'sending' || state === 'installing' ? 1 : 0,
    ended: state === 'installing' ? ended & ~(1 << 1) : ended,
    version: 1,
  })),
);

describe.each(CELLS)('$state with $ended ended', (cell) => {
  test.each(EVENTS)('$kind $batch', (event) => {
    const before = recordOf(cell);

    const coded = transition(before, eventOf(event), CONTEXT);

    expect(summaryOf(recordOf(moveRecord(cell, event)))).toEqual(
      summaryOf(coded === 'ignored' ? before : coded),
    );
  });
});
