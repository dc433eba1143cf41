import { aBatchId, aCommandId, aRecord, NOW_MS } from '@muster/testing/builders';
import { recordAfter, SAMPLE_CONTEXT } from '@muster/testing/enrollment-table';
import { describe, expect, test } from 'vitest';
import type { Cause } from './cause.ts';
import type { EnrollmentEvent, Judgment } from './event.ts';
import { isOverdue } from './node-events.ts';
import { type Attempt, type EnrollmentRecord, isRepair } from './record.ts';
import { transition } from './transition.ts';

const HOUR_MS = 3_600_000;
const MISSING = { sinceMs: NOW_MS - 900_000, lastSeenAtMs: NOW_MS - 960_000 };
const DEADLINE: EnrollmentEvent = { kind: 'join-deadline-passed' };
const NODE_SEEN: EnrollmentEvent = { kind: 'node-seen', nodeId: 'n' };

function attempt(endedAtMs: number, cause: Cause | null = null): Attempt {
  return { batchId: aBatchId(), commandId: aCommandId(), endedAtMs, cause, exitCode: 0, output: '' };
}

function judged(cause: Cause | null): EnrollmentEvent {
  const judgment: Judgment = cause === null ? { kind: 'eligible' } : { kind: 'ineligible', cause };
  return { kind: 'judged', judgment };
}

/** A host that was just found lost, nothing asked of SSM yet. */
function lost(facts: Partial<Extract<EnrollmentRecord, { state: 'lost' }>> = {}) {
  return { ...aRecord('lost', { missing: MISSING }), repairAtMs: null, ...facts };
}

describe('the join deadline', () => {
  test('means nothing before it has passed, or without one', () => {
    const record = aRecord('installed', { failures: 1 });

    expect(transition({ ...record, joinDeadlineMs: NOW_MS + 1 }, DEADLINE, SAMPLE_CONTEXT)).toBe('ignored');
    expect(transition({ ...record, joinDeadlineMs: null }, DEADLINE, SAMPLE_CONTEXT)).toBe('ignored');
    expect(recordAfter({ ...record, joinDeadlineMs: NOW_MS }, DEADLINE)).toMatchObject({
      state: 'failed',
      cause: 'ec2-join-failure',
      failures: 2,
      nextAttemptAtMs: NOW_MS + 1_200_000,
    });
  });

  test('leaves a host lost that came back from a stop, and failed when it was installed just now', () => {
    const joinedAtMs = NOW_MS - HOUR_MS;
    const endedAtMs = NOW_MS - 60_000;
    const facts = { joinedAtMs, changedAtMs: endedAtMs };
    const back = { ...aRecord('installed', facts), joinDeadlineMs: NOW_MS };
    const repaired = { ...back, attempts: [attempt(endedAtMs)] };
    const repairedBefore = { ...back, attempts: [attempt(endedAtMs - 1)] };

    expect(recordAfter(back, DEADLINE)).toMatchObject({
      state: 'lost',
      cause: 'node-lost',
      repairAtMs: null,
      missing: { sinceMs: endedAtMs, lastSeenAtMs: null },
      failures: 0,
    });
    expect(recordAfter(repairedBefore, DEADLINE).state).toBe('lost');
    expect(recordAfter(repaired, DEADLINE)).toMatchObject({ state: 'failed', cause: 'ec2-join-failure' });
  });
});

describe('a node that is seen', () => {
  test('ends the way, forgets the failures, and is dated by the first sight', () => {
    const next = recordAfter(aRecord('failed', { failures: 3 }), NODE_SEEN);
    const again = recordAfter(aRecord('failed', { joinedAtMs: 7 }), NODE_SEEN);
    const joined = aRecord('joined');

    expect(next).toMatchObject({ state: 'joined', nodeId: 'n', failures: 0, joinedAtMs: NOW_MS });
    expect(again.joinedAtMs).toBe(7);
    expect(recordAfter(joined, { kind: 'node-seen', nodeId: joined.nodeId })).toBe(joined);
    expect(recordAfter(joined, { kind: 'node-seen', nodeId: 'reinstalled' })).toEqual({
      ...joined,
      nodeId: 'reinstalled',
    });
  });

  test.each([
    ['joined', aRecord('joined', { missing: MISSING })],
    ['lost', lost()],
    ['failed', aRecord('failed', { missing: MISSING, joinedAtMs: 7 })],
  ])('is missing no longer: %s', (_state, record) => {
    const next = recordAfter(record, NODE_SEEN);

    expect(next.state).toBe('joined');
    expect(Object.hasOwn(next, 'missing')).toBe(false);
  });
});

describe('a node that complete readings miss', () => {
  const event: EnrollmentEvent = { kind: 'node-missing', ...MISSING };

  test('is missing since the first of them, and its host is joined still', () => {
    const record = aRecord('joined', { changedAtMs: NOW_MS - HOUR_MS });

    const missing = recordAfter(record, event);

    expect(missing).toEqual({ ...record, missing: MISSING });
    // As a worker tells it that was killed before it published the reading.
    const again = { kind: 'node-missing', sinceMs: NOW_MS, lastSeenAtMs: MISSING.lastSeenAtMs } as const;
    expect(recordAfter(missing, again)).toBe(missing);
  });

  test('is missing anew when a reading has shown it in between, though no scan has seen that', () => {
    const record = aRecord('joined', { missing: MISSING, changedAtMs: NOW_MS - HOUR_MS });
    const lastSeenAtMs = NOW_MS - 60_000;

    const next = recordAfter(record, { kind: 'node-missing', sinceMs: NOW_MS, lastSeenAtMs });

    expect(next.missing).toEqual({ sinceMs: NOW_MS, lastSeenAtMs });
  });

  test('is not missing since before its host was taken for joined', () => {
    const record = aRecord('joined', { changedAtMs: MISSING.sinceMs + 5 });

    expect(recordAfter(record, event).missing?.sinceMs).toBe(MISSING.sinceMs + 5);
  });

  test('is given its time anew when its host was started again, and is forgotten when it stopped', () => {
    const record = aRecord('joined', { missing: MISSING, launchedAtMs: 1 });
    const { instanceId, matcherKey } = record;

    const restarted = recordAfter(record, { kind: 'seen', instanceId, matcherKey, launchedAtMs: 2 });
    const stopped = recordAfter(record, { kind: 'seen-stopped' });

    expect(restarted).toMatchObject({
      state: 'joined',
      missing: { sinceMs: NOW_MS, lastSeenAtMs: MISSING.lastSeenAtMs },
    });
    expect(Object.hasOwn(stopped, 'missing')).toBe(false);
  });
});

test('a host is lost once a reading that began after its time misses it, and a scan that began after it was missed sees it run', () => {
  const view = { begunAtMs: 1_900, scanBegunAtMs: 1_000, lostAfterMs: 900 };

  expect(isOverdue({ sinceMs: 1_000 }, view)).toBe(true);
  expect(isOverdue({ sinceMs: 1_000 }, { ...view, begunAtMs: 1_899 })).toBe(false);
  expect(isOverdue({ sinceMs: 1_000 }, { ...view, scanBegunAtMs: 999 })).toBe(false);
});

describe('a lost host', () => {
  test.each<[Cause | null, Cause, number | null]>([
    [null, 'node-lost', NOW_MS],
    ['ec2-ssm-agent-connection-lost', 'node-lost-host-silent', null],
    ['ec2-ssm-agent-not-registered', 'node-lost-host-silent', null],
    ['ec2-no-instance-profile', 'node-lost-host-silent', null],
    ['ec2-perm-account-denied', 'node-lost', null],
    ['ec2-ssm-unsupported-os', 'node-lost', null],
  ])('that the pre-check finds %s is %s, to be repaired at %s', (found, cause, repairAtMs) => {
    expect(recordAfter(lost(), judged(found))).toMatchObject({
      state: 'lost',
      cause,
      repairAtMs,
      missing: MISSING,
    });
    expect(recordAfter(lost({ cause: 'node-lost-host-silent' }), judged(found))).toMatchObject({ cause });
  });

  test('is repaired by nothing while repairs are off', () => {
    const due = lost({ repairAtMs: NOW_MS });

    expect(recordAfter(due, judged(null), { repairs: false })).toMatchObject({ repairAtMs: null });
    expect(recordAfter(lost(), judged(null), { repairs: false })).toMatchObject({ repairAtMs: null });
  });

  test('keeps the time of its repair from scan to scan', () => {
    const record = recordAfter(lost(), judged(null));

    expect(recordAfter(record, judged(null), { nowMs: NOW_MS + 60_000 })).toBe(record);
  });

  test('is claimed for a repair when its time has come, and only then', () => {
    const claim: EnrollmentEvent = { kind: 'claimed', batchId: aBatchId(1) };
    const due = lost({ repairAtMs: NOW_MS });

    expect(recordAfter(due, claim)).toMatchObject({ state: 'sending', missing: MISSING });
    expect(transition(lost({ repairAtMs: NOW_MS + 1 }), claim, SAMPLE_CONTEXT)).toBe('ignored');
    expect(transition(lost(), claim, SAMPLE_CONTEXT)).toBe('ignored');
    expect(isRepair(due)).toBe(true);
  });

  test('is lost again when SSM refused its repair through no fault of its own', () => {
    const sending = recordAfter(lost({ repairAtMs: NOW_MS }), { kind: 'claimed', batchId: aBatchId() });

    expect(
      recordAfter(sending, {
        kind: 'send-refused',
        batchId: aBatchId(),
        cause: null,
        readyAtMs: NOW_MS + 5,
      }),
    ).toMatchObject({ state: 'lost', cause: 'node-lost', repairAtMs: NOW_MS + 5, missing: MISSING });
  });

  test('that was started again has the time of a join to come back', () => {
    const record = lost({ launchedAtMs: 1 });
    const { instanceId, matcherKey } = record;

    expect(recordAfter(record, { kind: 'seen', instanceId, matcherKey, launchedAtMs: 2 })).toMatchObject({
      state: 'installed',
      joinDeadlineMs: NOW_MS + 300_000,
    });
  });

  test('is repaired ever more seldom, and once in the longest pause at last', () => {
    const joinedAtMs = NOW_MS - 100 * HOUR_MS;
    const repairAt = (...endedAtMs: readonly number[]): number | null => {
      const record = lost({ joinedAtMs, attempts: endedAtMs.map((atMs) => attempt(atMs)) });
      const next = recordAfter(record, judged(null));
      return next.state === 'lost' ? next.repairAtMs : null;
    };

    // The install by which it joined is no repair.
    expect(repairAt(joinedAtMs - 1)).toBe(NOW_MS);
    expect(repairAt(NOW_MS - 60_000)).toBe(NOW_MS + 540_000);
    expect(repairAt(NOW_MS - HOUR_MS, NOW_MS)).toBe(NOW_MS + 2 * HOUR_MS);
    expect(repairAt(NOW_MS - 3 * HOUR_MS, NOW_MS - 2 * HOUR_MS)).toBe(NOW_MS);
    expect(repairAt(NOW_MS - 20 * HOUR_MS, NOW_MS)).toBe(NOW_MS + 24 * HOUR_MS);
  });

  test("is tried at once at an operator's word, unless nothing can be sent to it", () => {
    const retry: EnrollmentEvent = { kind: 'retry-requested' };

    expect(recordAfter(lost({ repairAtMs: NOW_MS + HOUR_MS, failures: 2 }), retry)).toMatchObject({
      state: 'lost',
      repairAtMs: NOW_MS,
      failures: 0,
    });
    expect(transition(lost(), retry, SAMPLE_CONTEXT)).toBe('ignored');
  });
});
