import { aBatchId, aCommandId, aRecord, NOW_MS } from '@muster/testing/builders';
import { recordAfter, SAMPLE_CONTEXT } from '@muster/testing/enrollment-table';
import { expect, test } from 'vitest';
import type { Attempt, EnrollmentRecord } from './record.ts';
import type { EnrollmentEvent } from './event.ts';
import { transition } from './transition.ts';

function failedBadly(cause: 'host-no-curl' | 'ec2-ssm-terminated' = 'host-no-curl'): EnrollmentEvent {
  return {
    kind: 'ended',
    commandId: aCommandId(),
    result: { kind: 'failure', cause, exitCode: 102, output: 'no curl' },
  };
}

test('what is not due is not claimed', () => {
  const claimed: EnrollmentEvent = { kind: 'claimed', batchId: aBatchId(1) };

  expect(transition({ ...aRecord('queued'), readyAtMs: NOW_MS + 1 }, claimed, SAMPLE_CONTEXT)).toBe(
    'ignored',
  );
  expect(transition({ ...aRecord('failed'), nextAttemptAtMs: NOW_MS + 1 }, claimed, SAMPLE_CONTEXT)).toBe(
    'ignored',
  );
  expect(recordAfter({ ...aRecord('failed'), nextAttemptAtMs: NOW_MS }, claimed)).toMatchObject({
    state: 'sending',
    batchId: aBatchId(1),
  });
});

test('a batch refused through no fault of the instance leaves no attempt', () => {
  const next = recordAfter(aRecord('sending'), {
    kind: 'send-refused',
    batchId: aBatchId(),
    cause: null,
    readyAtMs: NOW_MS + 7,
  });

  expect(next).toMatchObject({
    state: 'queued',
    readyAtMs: NOW_MS + 7,
    attemptCount: 0,
    failures: 0,
    attempts: [],
  });
});

test('a batch refused because of the instance is an attempt without a command', () => {
  const event: EnrollmentEvent = {
    kind: 'send-refused',
    batchId: aBatchId(),
    cause: 'ec2-ssm-invocation-failure',
    readyAtMs: 0,
  };

  expect(recordAfter(aRecord('sending'), event)).toMatchObject({
    state: 'failed',
    cause: 'ec2-ssm-invocation-failure',
    nextAttemptAtMs: NOW_MS + 600_000,
    failures: 1,
    attemptCount: 1,
    attempts: [{ commandId: null, batchId: aBatchId(), exitCode: null }],
  });
});

test('a live command is followed from whatever state we had in mind, without forgetting that the host had joined', () => {
  const record = aRecord('joined', { joinedAtMs: 5 });
  const event: EnrollmentEvent = { kind: 'accepted', batchId: aBatchId(3), commandId: aCommandId(3) };

  expect(recordAfter(record, event)).toMatchObject({
    state: 'installing',
    batchId: aBatchId(3),
    commandId: aCommandId(3),
    joinedAtMs: 5,
  });
});

test('a command that has ended is over, however late its acceptance is reported', () => {
  const installed = recordAfter(aRecord('installing'), {
    kind: 'ended',
    commandId: aCommandId(),
    result: { kind: 'success', exitCode: 0, output: '' },
  });

  expect(
    transition(installed, { kind: 'accepted', batchId: aBatchId(), commandId: aCommandId() }, SAMPLE_CONTEXT),
  ).toBe('ignored');
});

test('success waits for the node when there is an inventory, and is the end without one', () => {
  const ended: EnrollmentEvent = {
    kind: 'ended',
    commandId: aCommandId(),
    result: { kind: 'success', exitCode: 0, output: 'long' },
  };
  const record = aRecord('installing', { failures: 2 });

  expect(recordAfter(record, ended)).toMatchObject({
    state: 'installed',
    joinDeadlineMs: NOW_MS + 300_000,
    // Exit 0 alone proves nothing: only the node makes the failures forgotten.
    failures: 2,
    attemptCount: 1,
    attempts: [{ commandId: aCommandId(), cause: null, exitCode: 0, output: '' }],
  });
  expect(recordAfter(record, ended, { hasInventory: false })).toMatchObject({ joinDeadlineMs: null });
});

test('a failure is backed off by its cause and doubles with every further one', () => {
  const first = recordAfter(aRecord('installing'), failedBadly());
  const third = recordAfter(aRecord('installing', { failures: 2 }), failedBadly());
  const transient = recordAfter(aRecord('installing'), failedBadly('ec2-ssm-terminated'));

  expect(first).toMatchObject({
    state: 'failed',
    cause: 'host-no-curl',
    failures: 1,
    nextAttemptAtMs: NOW_MS + 600_000,
  });
  expect(third).toMatchObject({ failures: 3, nextAttemptAtMs: NOW_MS + 2_400_000 });
  expect(transient).toMatchObject({ nextAttemptAtMs: NOW_MS + 120_000 });
});

test.each([
  ['a host that another cluster manages', 'host-managed-elsewhere', 120],
  ['a Bottlerocket host', 'ec2-ssm-unsupported-os', 122],
] as const)('%s is no failure to repeat', (_, cause, exitCode) => {
  const event: EnrollmentEvent = {
    kind: 'ended',
    commandId: aCommandId(),
    result: { kind: 'failure', cause, exitCode, output: '' },
  };

  expect(recordAfter(aRecord('installing', { failures: 1 }), event)).toMatchObject({
    state: 'ineligible',
    failures: 1,
    attemptCount: 1,
  });
});

test('only the last four attempts are kept, the output of the newest alone, and all are counted', () => {
  let record: EnrollmentRecord = aRecord('installing');
  for (let n = 0; n < 6; n += 1) {
    record = recordAfter(
      { ...aRecord('installing'), attempts: record.attempts, attemptCount: record.attemptCount },
      failedBadly(),
    );
  }

  expect(record.attemptCount).toBe(6);
  expect(record.attempts.map((attempt: Attempt) => attempt.output)).toEqual(['', '', '', 'no curl']);
});
