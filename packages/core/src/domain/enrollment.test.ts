import { aBatchId, aCommandId, anInstanceId, aMatcherKey, aRecord, NOW_MS } from '@muster/testing/builders';
import {
  answerOf,
  aDueRecord,
  SAMPLE_CONTEXT,
  SAMPLE_EVENTS,
  STATES,
} from '@muster/testing/enrollment-table';
import { describe, expect, test } from 'vitest';
import type { Attempt } from './attempt.ts';
import {
  type EnrollmentEvent,
  type EnrollmentRecord,
  transition,
  type TransitionContext,
} from './enrollment.ts';

/** The record after the event; fails the test when the event means nothing. */
function after(
  record: EnrollmentRecord | null,
  event: EnrollmentEvent,
  context: Partial<TransitionContext> = {},
): EnrollmentRecord {
  const next = transition(record, event, { ...SAMPLE_CONTEXT, ...context });
  if (next === 'ignored') throw new Error(`${record?.state ?? 'unknown'} ignores ${event.kind}`);
  return next;
}

const SEEN: EnrollmentEvent = {
  kind: 'seen',
  instanceId: anInstanceId(),
  matcherKey: aMatcherKey(),
  launchedAtMs: NOW_MS - 7_200_000,
};
const ELIGIBLE: EnrollmentEvent = { kind: 'judged', judgment: { kind: 'eligible' } };

function failedBadly(cause: 'host-no-curl' | 'ec2-ssm-terminated' = 'host-no-curl'): EnrollmentEvent {
  return {
    kind: 'ended',
    commandId: aCommandId(),
    result: { kind: 'failure', cause, exitCode: 102, output: 'no curl' },
  };
}

/** One that failed a moment ago. */
function anAttempt(): Attempt {
  return {
    batchId: aBatchId(),
    commandId: aCommandId(),
    endedAtMs: NOW_MS,
    cause: 'host-no-curl',
    exitCode: 102,
    output: '',
  };
}

/**
 * Every state × every event. Columns in the order of STATES, after `unknown`; `same`: untouched, `kept`: same state with
 * other facts, `-`: means nothing.
 */
const TABLE: Readonly<Record<string, string>> = {
  //                             unknown    discovered stopped    unmatched  ineligible queued     sending    installing installed  joined     failed     gone
  seen: 'discovered same       discovered discovered same       same       same       same       same       same       same       discovered',
  'seen, restarted':
    'discovered kept       discovered discovered discovered kept       same       same       kept       kept       discovered discovered',
  'seen, another matcher':
    'discovered kept       discovered discovered discovered kept       same       same       kept       kept       discovered discovered',
  'seen-stopped':
    '-          stopped    same       stopped    stopped    stopped    -          -          stopped    stopped    stopped    stopped',
  'seen-unmatched':
    '-          unmatched  unmatched  same       unmatched  unmatched  -          -          unmatched  unmatched  unmatched  unmatched',
  'not-seen':
    '-          gone       gone       gone       gone       gone       -          -          gone       gone       gone       same',
  'judged eligible':
    '-          queued     -          -          queued     same       -          -          -          -          same       -',
  'judged ineligible':
    '-          ineligible -          -          kept       ineligible -          -          -          -          ineligible -',
  'node-seen':
    '-          joined     -          -          joined     joined     -          -          joined     kept       joined     -',
  claimed:
    '-          -          -          -          -          sending    -          -          -          -          sending    -',
  'send-refused, not its fault':
    '-          -          -          -          -          -          queued     -          -          -          -          -',
  'send-refused, its fault':
    '-          -          -          -          -          -          failed     -          -          -          -          -',
  "send-refused, another's batch":
    '-        -          -          -          -          -          -          -          -          -          -          -',
  accepted:
    '-          installing installing installing installing installing installing same       installing installing installing installing',
  "accepted, another's command":
    '-          installing installing installing installing installing installing -          installing installing installing installing',
  'ended well':
    '-          -          -          -          -          -          -          installed  -          -          -          -',
  'ended badly':
    '-          -          -          -          -          -          -          failed     -          -          -          -',
  "ended, somebody else's host":
    '-          -          -          -          -          -          -          ineligible -          -          -          -',
  "ended, another's command":
    '-          -          -          -          -          -          -          -          -          -          -          -',
  'join-deadline-passed':
    '-          -          -          -          -          -          -          -          failed     -          -          -',
  'retry-requested':
    '-          -          -          -          discovered kept       -          -          -          -          queued     -',
};

describe('every state answers every event as the table says', () => {
  test('the table has a line for every event, and every kind of event is in it', () => {
    expect(Object.keys(TABLE)).toEqual(SAMPLE_EVENTS.map(({ label }) => label));
    const kinds: Record<EnrollmentEvent['kind'], true> = {
      seen: true,
      'seen-stopped': true,
      'seen-unmatched': true,
      'not-seen': true,
      judged: true,
      'node-seen': true,
      claimed: true,
      'send-refused': true,
      accepted: true,
      ended: true,
      'join-deadline-passed': true,
      'retry-requested': true,
    };
    expect(new Set(SAMPLE_EVENTS.map(({ event }) => event.kind))).toEqual(new Set(Object.keys(kinds)));
  });

  test.each(SAMPLE_EVENTS)('$label', ({ label, event }) => {
    const answers = [answerOf(null, event), ...STATES.map((state) => answerOf(aDueRecord(state), event))];

    expect(answers).toEqual(TABLE[label]?.split(/\s+/));
  });
});

describe('what an event leaves behind', () => {
  test('a new instance starts with nothing behind it', () => {
    expect(after(null, SEEN)).toEqual({
      state: 'discovered',
      instanceId: anInstanceId(),
      matcherKey: aMatcherKey(),
      firstSeenAtMs: NOW_MS,
      changedAtMs: NOW_MS,
      launchedAtMs: NOW_MS - 7_200_000,
      joinedAtMs: null,
      failures: 0,
      attemptCount: 0,
      attempts: [],
    });
  });

  test.each(['stopped', 'unmatched', 'gone'] as const)(
    'one that had joined and comes back from %s is given time to rejoin',
    (state) => {
      const record = aRecord(state, { joinedAtMs: NOW_MS - 1 });

      expect(after(record, SEEN)).toMatchObject({
        state: 'installed',
        joinDeadlineMs: NOW_MS + 300_000,
        joinedAtMs: NOW_MS - 1,
      });
      expect(after(record, SEEN, { hasInventory: false })).toMatchObject({
        state: 'installed',
        joinDeadlineMs: null,
      });
    },
  );

  test.each(['failed', 'ineligible', 'queued', 'joined'] as const)(
    'a restart or another owner of a %s one is remembered',
    (state) => {
      const record = aRecord(state);
      const restarted = after(record, { ...SEEN, launchedAtMs: NOW_MS - 5 });
      const handedOver = after(record, { ...SEEN, matcherKey: aMatcherKey(4) });

      expect(restarted).toMatchObject({ launchedAtMs: NOW_MS - 5, matcherKey: aMatcherKey() });
      expect(handedOver).toMatchObject({ matcherKey: aMatcherKey(4), launchedAtMs: record.launchedAtMs });
    },
  );

  test('a launch time that EC2 leaves out is no restart', () => {
    const record = aRecord('failed');

    expect(after(record, { ...SEEN, launchedAtMs: null })).toBe(record);
    expect(after(aRecord('stopped'), { ...SEEN, launchedAtMs: null })).toMatchObject({
      launchedAtMs: record.launchedAtMs,
    });
  });

  test('an eligible instance may be claimed at once; one queued already keeps its time', () => {
    const queued = { ...aRecord('queued'), readyAtMs: NOW_MS + 9 };

    expect(after(aRecord('discovered'), ELIGIBLE)).toMatchObject({ state: 'queued', readyAtMs: NOW_MS });
    expect(after(queued, ELIGIBLE)).toBe(queued);
  });

  test('an eligible failed instance keeps its back-off', () => {
    const record = aRecord('failed');

    expect(after(record, ELIGIBLE)).toBe(record);
  });

  test('another version of the SSM agent wakes a failed instance; the first look only remembers it', () => {
    const judgedWith = (agentVersion: string): EnrollmentEvent => ({
      kind: 'judged',
      judgment: { kind: 'eligible' },
      agentVersion,
    });
    const failed = aRecord('failed', { failures: 1, attempts: [anAttempt()] });

    const looked = after(failed, judgedWith('3.1.0.0'));

    expect(looked).toEqual({ ...failed, agentVersion: '3.1.0.0' });
    expect(after(looked, judgedWith('3.1.0.0'))).toBe(looked);
    expect(after(looked, ELIGIBLE)).toBe(looked);
    expect(after(looked, judgedWith('3.2.0.0'))).toMatchObject({
      state: 'queued',
      readyAtMs: NOW_MS,
      failures: 1,
    });
  });

  test('after more than one failure a new agent wakes one doubling early, not at once', () => {
    const failed = {
      ...aRecord('failed', { failures: 3, attempts: [anAttempt()] }),
      nextAttemptAtMs: NOW_MS + 2_400_000,
      agentVersion: '3.1.0.0',
    };

    expect(
      after(failed, { kind: 'judged', judgment: { kind: 'eligible' }, agentVersion: '3.2.0.0' }),
    ).toMatchObject({
      state: 'queued',
      readyAtMs: NOW_MS + 1_200_000,
    });
  });

  test('a cause that still holds is not written again, another one is', () => {
    const record = aRecord('ineligible');
    const cause = record.cause;

    expect(after(record, { kind: 'judged', judgment: { kind: 'ineligible', cause } })).toBe(record);
    expect(
      after(record, { kind: 'judged', judgment: { kind: 'ineligible', cause: 'ec2-ssm-agent-too-old' } }),
    ).toMatchObject({ cause: 'ec2-ssm-agent-too-old', changedAtMs: NOW_MS });
  });

  test("somebody else's host is left alone for a day although SSM says it is fine, unless an operator asks", () => {
    const record = {
      ...aRecord('ineligible', { changedAtMs: NOW_MS }),
      cause: 'host-managed-elsewhere' as const,
    };

    expect(after(record, ELIGIBLE, { nowMs: NOW_MS + 86_399_999 })).toBe(record);
    expect(after(record, ELIGIBLE, { nowMs: NOW_MS + 86_400_000 })).toMatchObject({ state: 'queued' });
    expect(after(record, { kind: 'retry-requested' })).toMatchObject({ state: 'discovered' });
  });

  test('what is not due is not claimed', () => {
    const claimed: EnrollmentEvent = { kind: 'claimed', batchId: aBatchId(1) };

    expect(transition({ ...aRecord('queued'), readyAtMs: NOW_MS + 1 }, claimed, SAMPLE_CONTEXT)).toBe(
      'ignored',
    );
    expect(transition({ ...aRecord('failed'), nextAttemptAtMs: NOW_MS + 1 }, claimed, SAMPLE_CONTEXT)).toBe(
      'ignored',
    );
    expect(after({ ...aRecord('failed'), nextAttemptAtMs: NOW_MS }, claimed)).toMatchObject({
      state: 'sending',
      batchId: aBatchId(1),
    });
  });

  test('a batch refused through no fault of the instance leaves no attempt', () => {
    const next = after(aRecord('sending'), {
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

    expect(after(aRecord('sending'), event)).toMatchObject({
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

    expect(after(record, event)).toMatchObject({
      state: 'installing',
      batchId: aBatchId(3),
      commandId: aCommandId(3),
      joinedAtMs: 5,
    });
  });

  test('a command that has ended is over, however late somebody tells that it began', () => {
    const installed = after(aRecord('installing'), {
      kind: 'ended',
      commandId: aCommandId(),
      result: { kind: 'success', exitCode: 0, output: '' },
    });

    expect(
      transition(
        installed,
        { kind: 'accepted', batchId: aBatchId(), commandId: aCommandId() },
        SAMPLE_CONTEXT,
      ),
    ).toBe('ignored');
  });

  test('success waits for the node when there is an inventory, and is the end without one', () => {
    const ended: EnrollmentEvent = {
      kind: 'ended',
      commandId: aCommandId(),
      result: { kind: 'success', exitCode: 0, output: 'long' },
    };
    const record = aRecord('installing', { failures: 2 });

    expect(after(record, ended)).toMatchObject({
      state: 'installed',
      joinDeadlineMs: NOW_MS + 300_000,
      // Exit 0 alone proves nothing: only the node makes the failures forgotten.
      failures: 2,
      attemptCount: 1,
      attempts: [{ commandId: aCommandId(), cause: null, exitCode: 0, output: '' }],
    });
    expect(after(record, ended, { hasInventory: false })).toMatchObject({ joinDeadlineMs: null });
  });

  test('a failure is backed off by its cause and doubles with every further one', () => {
    const first = after(aRecord('installing'), failedBadly());
    const third = after(aRecord('installing', { failures: 2 }), failedBadly());
    const transient = after(aRecord('installing'), failedBadly('ec2-ssm-terminated'));

    expect(first).toMatchObject({
      state: 'failed',
      cause: 'host-no-curl',
      failures: 1,
      nextAttemptAtMs: NOW_MS + 600_000,
    });
    expect(third).toMatchObject({ failures: 3, nextAttemptAtMs: NOW_MS + 2_400_000 });
    expect(transient).toMatchObject({ nextAttemptAtMs: NOW_MS + 120_000 });
  });

  test("a host that is somebody else's is no failure to repeat", () => {
    const event: EnrollmentEvent = {
      kind: 'ended',
      commandId: aCommandId(),
      result: { kind: 'failure', cause: 'host-managed-elsewhere', exitCode: 120, output: '' },
    };

    expect(after(aRecord('installing', { failures: 1 }), event)).toMatchObject({
      state: 'ineligible',
      failures: 1,
      attemptCount: 1,
    });
  });

  test('the join deadline means nothing before it has passed, or without one', () => {
    const event: EnrollmentEvent = { kind: 'join-deadline-passed' };
    const record = aRecord('installed', { failures: 1 });

    expect(transition({ ...record, joinDeadlineMs: NOW_MS + 1 }, event, SAMPLE_CONTEXT)).toBe('ignored');
    expect(transition({ ...record, joinDeadlineMs: null }, event, SAMPLE_CONTEXT)).toBe('ignored');
    expect(after({ ...record, joinDeadlineMs: NOW_MS }, event)).toMatchObject({
      state: 'failed',
      cause: 'ec2-join-failure',
      failures: 2,
      nextAttemptAtMs: NOW_MS + 1_200_000,
    });
  });

  test('a node that is seen ends the way, forgets the failures, and is dated by the first sight', () => {
    const next = after(aRecord('failed', { failures: 3 }), { kind: 'node-seen', nodeId: 'n' });
    const again = after(aRecord('failed', { joinedAtMs: 7 }), { kind: 'node-seen', nodeId: 'n' });
    const joined = aRecord('joined');

    expect(next).toMatchObject({ state: 'joined', nodeId: 'n', failures: 0, joinedAtMs: NOW_MS });
    expect(again.joinedAtMs).toBe(7);
    expect(after(joined, { kind: 'node-seen', nodeId: joined.nodeId })).toBe(joined);
    expect(after(joined, { kind: 'node-seen', nodeId: 'reinstalled' })).toEqual({
      ...joined,
      nodeId: 'reinstalled',
    });
  });

  test("an operator's retry is due at once and starts the back-off anew", () => {
    expect(after(aRecord('failed', { failures: 5 }), { kind: 'retry-requested' })).toMatchObject({
      state: 'queued',
      readyAtMs: NOW_MS,
      failures: 0,
    });
  });

  test('only the last four attempts are kept, the output of the newest alone, and all are counted', () => {
    let record: EnrollmentRecord = aRecord('installing');
    for (let n = 0; n < 6; n += 1) {
      record = after(
        { ...aRecord('installing'), attempts: record.attempts, attemptCount: record.attemptCount },
        failedBadly(),
      );
    }

    expect(record.attemptCount).toBe(6);
    expect(record.attempts.map((attempt: Attempt) => attempt.output)).toEqual(['', '', '', 'no curl']);
  });
});
