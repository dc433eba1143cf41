import { aBatchId, aCommandId, aRecord, NOW_MS } from '@muster/testing/builders';
import { SAMPLE_EVENTS, STATES } from '@muster/testing/enrollment-table';
import { expect, test } from 'vitest';
import type { ForeignWord } from './cause.ts';
import type { TransitionContext } from './next-record.ts';
import type { EnrollmentRecord, UnknownRecord } from './record.ts';
import { transition } from './transition.ts';

/** Records of a newer release under the transitions of this one. */
const OF_TOMORROW = 'of-tomorrow' as ForeignWord;

const context: TransitionContext = {
  nowMs: NOW_MS,
  backoff: { operatorFirstMs: 60_000, transientFirstMs: 1_000, capMs: 86_400_000 },
  joinTimeoutMs: 300_000,
  repairs: true,
  hasInventory: true,
  jitter: 0,
};

function unknown(facts: Partial<UnknownRecord> = {}): UnknownRecord {
  return { ...aRecord('joined'), state: 'unknown', storedState: OF_TOMORROW, ...facts };
}

test('a record in an unknown state without a command learns of one, and ignores all else', () => {
  const answers = SAMPLE_EVENTS.filter(({ event }) => transition(unknown(), event, context) !== 'ignored');

  expect(answers.map(({ event }) => event.kind)).toEqual(['accepted', 'accepted']);
  expect(
    transition(unknown(), { kind: 'accepted', batchId: aBatchId(7), commandId: aCommandId(7) }, context),
  ).toMatchObject({ state: 'installing', batchId: aBatchId(7), commandId: aCommandId(7) });
});

test('a record in an unknown state with a command learns of the end of that command, and ignores all else', () => {
  const record = unknown({ batchId: aBatchId(), commandId: aCommandId() });

  const answers = SAMPLE_EVENTS.map(
    ({ label, event }) => [label, transition(record, event, context)] as const,
  )
    .filter(([, answer]) => answer !== 'ignored')
    .map(([label, answer]) => [label, answer === 'ignored' ? answer : answer.state]);

  expect(answers).toEqual([
    ['ended well', 'installed'],
    ['ended badly', 'failed'],
    ['ended, managed elsewhere', 'ineligible'],
  ]);
});

test('a command that an unknown state has had is not begun anew', () => {
  const attempt = { batchId: aBatchId(7), commandId: aCommandId(7), endedAtMs: NOW_MS, cause: null };
  const record = unknown({ attempts: [{ ...attempt, exitCode: 0, output: '' }] });

  expect(
    transition(record, { kind: 'accepted', batchId: aBatchId(7), commandId: aCommandId(7) }, context),
  ).toBe('ignored');
});

test.each(STATES)('a field that only a newer release knows survives every event in %s', (state) => {
  const ofTomorrow = { ring: 'canary', notes: [{ by: 'tomorrow' }] };
  const record = { ...aRecord(state), ...ofTomorrow };

  const answers = SAMPLE_EVENTS.map(({ event }) => transition(record, event, context));

  for (const answer of answers.filter((one) => one !== 'ignored')) {
    expect(answer).toMatchObject(ofTomorrow);
  }
});

test.each(STATES)('no field of %s goes along into another state', (state) => {
  const record = aRecord(state);
  const base = Object.keys(aRecord('discovered'));
  const own = new Set(Object.keys(record).filter((field) => !base.includes(field)));

  for (const { event } of SAMPLE_EVENTS) {
    const answer = transition(record, event, context);
    if (answer === 'ignored' || answer.state === state) continue;
    const known = Object.keys(aRecord(answer.state));
    expect(Object.keys(answer).filter((field) => own.has(field) && !known.includes(field))).toEqual([]);
  }
});

test('an ineligible record whose cause this release does not know waits for a restart, another matcher or an operator', () => {
  const record: EnrollmentRecord = { ...aRecord('ineligible'), cause: OF_TOMORROW };

  const moved = SAMPLE_EVENTS.flatMap(({ label, event }) => {
    const answer = transition(record, event, context);
    return answer === 'ignored' || answer === record ? [] : [`${label}: ${answer.state}`];
  });

  expect(moved).toEqual([
    'seen, restarted: discovered',
    'seen, another matcher: discovered',
    'seen-stopped: stopped',
    'seen-unmatched: unmatched',
    'not-seen: gone',
    'node-seen: joined',
    'accepted: installing',
    "accepted, another's command: installing",
    'retry-requested: discovered',
  ]);
});

test('a failure of an unknown cause is tried again when the record says', () => {
  const record: EnrollmentRecord = { ...aRecord('failed'), cause: OF_TOMORROW, nextAttemptAtMs: NOW_MS };

  expect(transition(record, { kind: 'claimed', batchId: aBatchId(1) }, context)).toMatchObject({
    state: 'sending',
  });
  expect(
    transition(
      { ...record, nextAttemptAtMs: NOW_MS + 1 },
      { kind: 'claimed', batchId: aBatchId(1) },
      context,
    ),
  ).toBe('ignored');
});
