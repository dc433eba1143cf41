import { aRecord, NOW_MS } from '@muster/testing/builders';
import { recordAfter, SAMPLE_CONTEXT } from '@muster/testing/enrollment-table';
import { expect, test } from 'vitest';
import type { EnrollmentEvent } from './event.ts';
import { transition } from './transition.ts';

test('the join deadline means nothing before it has passed, or without one', () => {
  const event: EnrollmentEvent = { kind: 'join-deadline-passed' };
  const record = aRecord('installed', { failures: 1 });

  expect(transition({ ...record, joinDeadlineMs: NOW_MS + 1 }, event, SAMPLE_CONTEXT)).toBe('ignored');
  expect(transition({ ...record, joinDeadlineMs: null }, event, SAMPLE_CONTEXT)).toBe('ignored');
  expect(recordAfter({ ...record, joinDeadlineMs: NOW_MS }, event)).toMatchObject({
    state: 'failed',
    cause: 'ec2-join-failure',
    failures: 2,
    nextAttemptAtMs: NOW_MS + 1_200_000,
  });
});

test('a node that is seen ends the way, forgets the failures, and is dated by the first sight', () => {
  const next = recordAfter(aRecord('failed', { failures: 3 }), { kind: 'node-seen', nodeId: 'n' });
  const again = recordAfter(aRecord('failed', { joinedAtMs: 7 }), { kind: 'node-seen', nodeId: 'n' });
  const joined = aRecord('joined');

  expect(next).toMatchObject({ state: 'joined', nodeId: 'n', failures: 0, joinedAtMs: NOW_MS });
  expect(again.joinedAtMs).toBe(7);
  expect(recordAfter(joined, { kind: 'node-seen', nodeId: joined.nodeId })).toBe(joined);
  expect(recordAfter(joined, { kind: 'node-seen', nodeId: 'reinstalled' })).toEqual({
    ...joined,
    nodeId: 'reinstalled',
  });
});
