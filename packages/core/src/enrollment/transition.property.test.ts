import {
  aBatchId,
  aCommandId,
  aManagedNode,
  anInstanceId,
  aMatcherKey,
  NOW_MS,
} from '@muster/testing/builders';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ATTEMPTS_KEPT, type EnrollmentRecord } from './record.ts';
import { CAUSES, type Cause } from './cause.ts';
import type { EnrollmentEvent } from './event.ts';
import type { TransitionContext } from './next-record.ts';
import { transition } from './transition.ts';

const RUNS = { seed: 20_261_122, numRuns: 500 };
const BACKOFF = { operatorFirstMs: 600_000, transientFirstMs: 120_000, capMs: 86_400_000 };

const cause = fc.constantFrom(...(Object.keys(CAUSES) as Cause[]));
const few = fc.integer({ min: 0, max: 3 });
const seen = fc.tuple(few, few).map(
  ([matcher, launch]): EnrollmentEvent => ({
    kind: 'seen',
    instanceId: anInstanceId(),
    matcherKey: aMatcherKey(matcher),
    launchedAtMs: launch === 0 ? null : launch,
  }),
);

/** Any event at all: ids come from small pools, so that they often mean the record and often another. */
const anyEvent: fc.Arbitrary<EnrollmentEvent> = fc.oneof(
  { arbitrary: seen, weight: 3 },
  fc
    .constantFrom(
      'seen-stopped',
      'seen-unmatched',
      'not-seen',
      'join-deadline-passed',
      'node-lost',
      'retry-requested',
    )
    .map((kind) => ({ kind })),
  {
    arbitrary: few.map(
      (n): EnrollmentEvent => ({
        kind: 'node-missing',
        sinceMs: NOW_MS + n,
        lastSeenAtMs: n === 0 ? null : NOW_MS,
      }),
    ),
    weight: 3,
  },
  { arbitrary: fc.constant<EnrollmentEvent>({ kind: 'node-lost' }), weight: 3 },
  {
    arbitrary: fc.option(few, { nil: undefined }).map(
      (n): EnrollmentEvent => ({
        kind: 'judged',
        judgment: { kind: 'eligible' },
        node: n === undefined ? undefined : aManagedNode({ agentVersion: `3.${n}.0.0` }),
      }),
    ),
    weight: 3,
  },
  cause.map((one) => ({ kind: 'judged' as const, judgment: { kind: 'ineligible' as const, cause: one } })),
  few.map((n) => ({ kind: 'node-seen' as const, nodeId: `node-${n}` })),
  { arbitrary: few.map((n): EnrollmentEvent => ({ kind: 'claimed', batchId: aBatchId(n) })), weight: 3 },
  fc.record({
    kind: fc.constant('send-refused' as const),
    batchId: few.map(aBatchId),
    cause: fc.option(cause),
    readyAtMs: fc.constant(NOW_MS),
  }),
  {
    arbitrary: few.map(
      (n): EnrollmentEvent => ({ kind: 'accepted', batchId: aBatchId(n), commandId: aCommandId(n) }),
    ),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('ended' as const),
      commandId: few.map(aCommandId),
      result: fc.oneof(
        fc.constant({ kind: 'success' as const, exitCode: 0, output: 'ok' }),
        cause.map((one) => ({ kind: 'failure' as const, cause: one, exitCode: 1, output: 'bad' })),
      ),
    }),
    weight: 6,
  },
);

interface Step {
  readonly before: EnrollmentRecord | null;
  readonly event: EnrollmentEvent;
  readonly after: EnrollmentRecord | null;
  readonly context: TransitionContext;
}

/** A way through the states: each event at its own moment, hours apart at times. */
const walk: fc.Arbitrary<readonly Step[]> = fc
  .array(
    fc.tuple(
      anyEvent,
      fc.integer({ min: 0, max: 40_000_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.boolean(),
    ),
    {
      minLength: 1,
      size: 'max',
      maxLength: 80,
    },
  )
  .map((events) => {
    const steps: Step[] = [];
    let [record, nowMs]: [EnrollmentRecord | null, number] = [null, NOW_MS];
    for (const [event, laterMs, jitter, hasInventory] of events) {
      nowMs += laterMs;
      const context: TransitionContext = {
        nowMs,
        backoff: BACKOFF,
        joinTimeoutMs: 300_000,
        repairs: true,
        hasInventory,
        jitter,
      };
      const next = transition(freeze(record), event, context);
      const after: EnrollmentRecord | null = next === 'ignored' ? record : next;
      steps.push({ before: record, event, after, context });
      record = after;
    }
    return steps;
  });

/** A transition that changed the record it was given would throw. */
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}

function isOpen(
  record: EnrollmentRecord | null,
): record is Extract<EnrollmentRecord, { state: 'sending' | 'installing' }> {
  return record?.state === 'sending' || record?.state === 'installing';
}

function forEachStep(check: (step: Step) => void): void {
  fc.assert(
    fc.property(walk, (steps) => {
      for (const step of steps) check(step);
    }),
    RUNS,
  );
}

/** Whether the event is about the very batch or command that is open. */
function endsOwn(
  before: Extract<EnrollmentRecord, { state: 'sending' | 'installing' }>,
  event: EnrollmentEvent,
): boolean {
  if (before.state === 'sending') return event.kind === 'send-refused' && event.batchId === before.batchId;
  return event.kind === 'ended' && event.commandId === before.commandId;
}

test('the walks reach every state, and often', () => {
  const reached = new Map<string, number>();
  forEachStep(({ after }) =>
    reached.set(after?.state ?? 'unknown', (reached.get(after?.state ?? 'unknown') ?? 0) + 1),
  );

  expect([...reached.keys()]).toHaveLength(13);
  expect(Math.min(...reached.values())).toBeGreaterThan(100);
});

test('an open command is never left but by its own end or refusal', () => {
  forEachStep(({ before, event, after }) => {
    if (!isOpen(before) || isOpen(after)) return;
    expect(endsOwn(before, event)).toBe(true);
  });
});

test('what is being installed stays one command until that command ends', () => {
  forEachStep(({ before, event, after }) => {
    if (before?.state !== 'installing' || after?.state !== 'installing') return;
    expect(event.kind === 'ended' && event.commandId === before.commandId).toBe(false);
    expect(after).toBe(before);
  });
});

test('there are never two claims without an end between them', () => {
  fc.assert(
    fc.property(walk, (steps) => {
      let open = false;
      const claimedWhileOpen: EnrollmentEvent[] = [];
      for (const { before, event, after } of steps) {
        if (after === before) continue;
        if (event.kind === 'claimed' && open) claimedWhileOpen.push(event);
        if (isOpen(before) && endsOwn(before, event)) open = false;
        else if (event.kind === 'claimed' || event.kind === 'accepted') open = true;
        expect(open).toBe(isOpen(after));
      }
      expect(claimedWhileOpen).toEqual([]);
    }),
    RUNS,
  );
});

test('only a claim or an accepted command opens anything', () => {
  forEachStep(({ before, event, after }) => {
    if (isOpen(before) || !isOpen(after)) return;
    expect(['claimed', 'accepted']).toContain(event.kind);
  });
});

test('a command that has ended is not followed again while its attempt is remembered', () => {
  forEachStep(({ after }) => {
    if (after?.state !== 'installing') return;
    expect(after.attempts.map((attempt) => attempt.commandId)).not.toContain(after.commandId);
  });
});

test('facts of the past never change: first sight, first join, the count of attempts, identity', () => {
  forEachStep(({ before, after }) => {
    if (before === null || after === null) return;
    expect(after.instanceId).toBe(before.instanceId);
    expect(after.firstSeenAtMs).toBe(before.firstSeenAtMs);
    expect(after.attemptCount).toBeGreaterThanOrEqual(before.attemptCount);
    expect(after.attemptCount - before.attemptCount).toBeLessThanOrEqual(1);
    expect([null, after.joinedAtMs]).toContain(before.joinedAtMs);
  });
});

test('attempts are bounded, in order, never more than counted, and only the newest has output', () => {
  forEachStep(({ after }) => {
    if (after === null) return;
    expect(after.attempts.length).toBe(Math.min(after.attemptCount, ATTEMPTS_KEPT));
    const times = after.attempts.map((attempt) => attempt.endedAtMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(after.attempts.slice(0, -1).every((attempt) => attempt.output === '')).toBe(true);
  });
});

test('a failure is never tried again before its first delay nor later than the cap', () => {
  forEachStep(({ before, after, context }) => {
    // One that goes on failing only remembers what it looks like.
    if (after?.state !== 'failed' || before?.state === 'failed') return;
    expect(after.nextAttemptAtMs).toBeGreaterThanOrEqual(context.nowMs + BACKOFF.transientFirstMs);
    expect(after.nextAttemptAtMs).toBeLessThanOrEqual(context.nowMs + BACKOFF.capMs);
  });
});

test('nothing is claimed before its time', () => {
  forEachStep(({ before, event, after, context }) => {
    if (event.kind !== 'claimed' || after === before) return;
    const dueAtMs =
      before?.state === 'queued'
        ? before.readyAtMs
        : before?.state === 'failed'
          ? before.nextAttemptAtMs
          : before?.state === 'lost'
            ? (before.repairAtMs ?? Infinity)
            : Infinity;
    expect(dueAtMs).toBeLessThanOrEqual(context.nowMs);
  });
});

test('a record says since when it is in its state', () => {
  forEachStep(({ before, after, context }) => {
    if (after === null || after.state === before?.state) return;
    expect(after.changedAtMs).toBe(context.nowMs);
  });
});
