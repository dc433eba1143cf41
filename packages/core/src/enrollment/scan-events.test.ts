import {
  aBatchId,
  aCommandId,
  aManagedNode,
  anInstanceId,
  aMatcherKey,
  aRecord,
  NOW_MS,
} from '@muster/testing/builders';
import { recordAfter } from '@muster/testing/enrollment-table';
import { expect, test } from 'vitest';
import type { Attempt } from './record.ts';
import type { EnrollmentEvent } from './event.ts';

const SEEN: EnrollmentEvent = {
  kind: 'seen',
  instanceId: anInstanceId(),
  matcherKey: aMatcherKey(),
  launchedAtMs: NOW_MS - 7_200_000,
};
const ELIGIBLE: EnrollmentEvent = { kind: 'judged', judgment: { kind: 'eligible' } };

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

test('a new instance starts with nothing behind it', () => {
  expect(recordAfter(null, SEEN)).toEqual({
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

test('tags for people are kept as they were last seen, through every state', () => {
  const named = recordAfter(null, { ...SEEN, tags: { Name: 'web-1' } });
  expect(named).toMatchObject({ state: 'discovered', tags: { Name: 'web-1' } });
  expect(recordAfter(named, { kind: 'seen-stopped' })).toMatchObject({ tags: { Name: 'web-1' } });

  const joined = aRecord('joined', { tags: { Name: 'web-1' }, launchedAtMs: SEEN.launchedAtMs });
  const seen = { ...SEEN, matcherKey: joined.matcherKey };
  expect(recordAfter(joined, { ...seen, tags: { Name: 'web-1' } })).toBe(joined);
  expect(recordAfter(joined, seen)).toBe(joined);
  expect(recordAfter(joined, { ...seen, tags: { Name: 'web-2' } })).toEqual({
    ...joined,
    tags: { Name: 'web-2' },
  });
  expect(recordAfter(joined, { ...seen, tags: {} })).toEqual({ ...joined, tags: {} });
  expect(recordAfter(null, { ...SEEN, tags: {} })).not.toHaveProperty('tags');
});

test.each(['stopped', 'unmatched', 'gone'] as const)(
  'one that had joined and comes back from %s is given time to rejoin',
  (state) => {
    const record = aRecord(state, { joinedAtMs: NOW_MS - 1 });

    expect(recordAfter(record, SEEN)).toMatchObject({
      state: 'installed',
      joinDeadlineMs: NOW_MS + 300_000,
      joinedAtMs: NOW_MS - 1,
    });
    expect(recordAfter(record, SEEN, { hasInventory: false })).toMatchObject({
      state: 'installed',
      joinDeadlineMs: null,
    });
  },
);

test('one that was installed without an inventory is waited for once there is one, and the other way round', () => {
  const unseen = { ...aRecord('installed'), joinDeadlineMs: null };
  const waiting = { ...unseen, joinDeadlineMs: NOW_MS + 7 };

  expect(recordAfter(unseen, SEEN)).toMatchObject({ state: 'installed', joinDeadlineMs: NOW_MS + 300_000 });
  expect(recordAfter(waiting, SEEN)).toMatchObject({ joinDeadlineMs: NOW_MS + 7 });
  expect(recordAfter(waiting, SEEN, { hasInventory: false })).toMatchObject({ joinDeadlineMs: null });
});

test.each(['failed', 'ineligible', 'queued', 'joined'] as const)(
  'a restart or another owner of a %s one is remembered',
  (state) => {
    const record = aRecord(state);
    const restarted = recordAfter(record, { ...SEEN, launchedAtMs: NOW_MS - 5 });
    const handedOver = recordAfter(record, { ...SEEN, matcherKey: aMatcherKey(4) });

    expect(restarted).toMatchObject({ launchedAtMs: NOW_MS - 5, matcherKey: aMatcherKey() });
    expect(handedOver).toMatchObject({ matcherKey: aMatcherKey(4), launchedAtMs: record.launchedAtMs });
  },
);

test('a launch time that EC2 leaves out is no restart', () => {
  const record = aRecord('failed');

  expect(recordAfter(record, { ...SEEN, launchedAtMs: null })).toBe(record);
  expect(recordAfter(aRecord('stopped'), { ...SEEN, launchedAtMs: null })).toMatchObject({
    launchedAtMs: record.launchedAtMs,
  });
});

test('an eligible instance may be claimed at once; one queued already keeps its time', () => {
  const queued = { ...aRecord('queued'), readyAtMs: NOW_MS + 9 };

  expect(recordAfter(aRecord('discovered'), ELIGIBLE)).toMatchObject({ state: 'queued', readyAtMs: NOW_MS });
  expect(recordAfter(queued, ELIGIBLE)).toBe(queued);
});

test('an eligible failed instance keeps its back-off', () => {
  const record = aRecord('failed');

  expect(recordAfter(record, ELIGIBLE)).toBe(record);
});

test('another version of the SSM agent wakes a failed instance; the first look only remembers it', () => {
  const judgedWith = (agentVersion: string): EnrollmentEvent => ({
    kind: 'judged',
    judgment: { kind: 'eligible' },
    node: aManagedNode({ agentVersion }),
  });
  const failed = aRecord('failed', { failures: 1, attempts: [anAttempt()] });

  const looked = recordAfter(failed, judgedWith('3.1.0.0'));

  expect(looked).toEqual({ ...failed, agentVersion: '3.1.0.0' });
  expect(recordAfter(looked, judgedWith('3.1.0.0'))).toBe(looked);
  expect(recordAfter(looked, ELIGIBLE)).toBe(looked);
  expect(recordAfter(looked, judgedWith('3.2.0.0'))).toMatchObject({
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
    recordAfter(failed, {
      kind: 'judged',
      judgment: { kind: 'eligible' },
      node: aManagedNode({ agentVersion: '3.2.0.0' }),
    }),
  ).toMatchObject({
    state: 'queued',
    readyAtMs: NOW_MS + 1_200_000,
  });
});

test('the second failure is the first that a new agent does not end at once', () => {
  const failed = {
    ...aRecord('failed', { failures: 2, attempts: [anAttempt()] }),
    nextAttemptAtMs: NOW_MS + 1_200_000,
    agentVersion: '3.1.0.0',
  };

  expect(
    recordAfter(failed, {
      kind: 'judged',
      judgment: { kind: 'eligible' },
      node: aManagedNode({ agentVersion: '3.2.0.0' }),
    }),
  ).toMatchObject({ state: 'queued', readyAtMs: NOW_MS + 600_000 });
});

test('a new agent never makes an instance wait longer than it would have', () => {
  const failed = {
    ...aRecord('failed', { failures: 3, attempts: [anAttempt()] }),
    nextAttemptAtMs: NOW_MS + 5_000,
    agentVersion: '3.1.0.0',
  };

  expect(
    recordAfter(failed, {
      kind: 'judged',
      judgment: { kind: 'eligible' },
      node: aManagedNode({ agentVersion: '3.2.0.0' }),
    }),
  ).toMatchObject({ state: 'queued', readyAtMs: NOW_MS + 5_000 });
});

test('a cause that still holds is not written again, another one is', () => {
  const record = aRecord('ineligible');
  const cause = 'ec2-ssm-agent-not-registered';

  expect(recordAfter(record, { kind: 'judged', judgment: { kind: 'ineligible', cause } })).toBe(record);
  expect(
    recordAfter(record, { kind: 'judged', judgment: { kind: 'ineligible', cause: 'ec2-ssm-agent-too-old' } }),
  ).toMatchObject({ cause: 'ec2-ssm-agent-too-old', changedAtMs: NOW_MS });
});

test('a host that has shown itself to be Bottlerocket is left alone for a day, whatever SSM calls it', () => {
  const told = { ...anAttempt(), cause: 'ec2-ssm-unsupported-os' as const, exitCode: 122 };
  const record = {
    ...aRecord('ineligible', { changedAtMs: NOW_MS, attempts: [told] }),
    cause: 'ec2-ssm-unsupported-os' as const,
  };
  const seenByScan = { ...record, attempts: [] };

  expect(recordAfter(record, ELIGIBLE, { nowMs: NOW_MS + 86_399_999 })).toBe(record);
  expect(recordAfter(record, ELIGIBLE, { nowMs: NOW_MS + 86_400_000 })).toMatchObject({ state: 'queued' });
  expect(recordAfter(seenByScan, ELIGIBLE)).toMatchObject({ state: 'queued' });
});

test('a host that is managed elsewhere is left alone for a day although SSM says it is fine, unless an operator asks', () => {
  const record = {
    ...aRecord('ineligible', { changedAtMs: NOW_MS }),
    cause: 'host-managed-elsewhere' as const,
  };

  expect(recordAfter(record, ELIGIBLE, { nowMs: NOW_MS + 86_399_999 })).toBe(record);
  expect(recordAfter(record, ELIGIBLE, { nowMs: NOW_MS + 86_400_000 })).toMatchObject({ state: 'queued' });
  expect(recordAfter(record, { kind: 'retry-requested' })).toMatchObject({ state: 'discovered' });
});

test.each([
  ['a new instance', null, 'change-1', 'change-1'],
  ['one that no matcher selected', aRecord('unmatched'), 'change-1', 'change-1'],
  ['one that was selected before', aRecord('queued'), 'change-1', undefined],
  ['one that was selected and stopped', aRecord('stopped'), 'change-1', undefined],
  ['one that an earlier change added', aRecord('queued', { addedBy: 'old' }), 'change-1', 'change-1'],
  ['one whose change was accepted', aRecord('ineligible', { addedBy: 'old' }), null, undefined],
  ['one that nothing was asked of', aRecord('joined', { addedBy: 'old' }), undefined, 'old'],
] as const)('%s is marked with the change that adds it', (_, record, addedBy, marked) => {
  const seen: EnrollmentEvent = { ...SEEN, ...(addedBy === undefined ? {} : { addedBy }) };

  expect(recordAfter(record, seen)?.addedBy).toBe(marked);
});

test('a record that no change marks stays the very same', () => {
  const record = aRecord('joined', { launchedAtMs: NOW_MS - 7_200_000 });

  expect(recordAfter(record, { ...SEEN, addedBy: null })).toBe(record);
  expect(recordAfter(record, { ...SEEN, addedBy: 'change-1' })).toBe(record);
});
