import { aBatchId, aCommandId, aRecord, NOW_MS } from '@muster/testing/builders';
import { SAMPLE_CONTEXT } from '@muster/testing/enrollment-table';
import { expect, test } from 'vitest';
import type { EnrollmentEvent } from './event.ts';
import { onItsWay } from './next-record.ts';
import { KnownRecord, type StoredRecord } from './record.ts';
import { StoredIntent } from './stored-schema.ts';
import { runEvents } from './transition.ts';

const SWEEP = '01JD4Q7W8ZC2R6M3N5P9T0VXYB';
const OF_SCAN = { ...SAMPLE_CONTEXT, sweepId: SWEEP };

const judged: EnrollmentEvent = { kind: 'judged', judgment: { kind: 'eligible' } };
const claimed: EnrollmentEvent = { kind: 'claimed', batchId: aBatchId(1) };
const accepted: EnrollmentEvent = { kind: 'accepted', batchId: aBatchId(1), commandId: aCommandId(1) };
const succeeded: EnrollmentEvent = {
  kind: 'ended',
  commandId: aCommandId(1),
  result: { kind: 'success', exitCode: 0, output: '' },
};

function after(
  record: StoredRecord,
  events: readonly EnrollmentEvent[],
  context = SAMPLE_CONTEXT,
): StoredRecord {
  const next = runEvents(record, events, context);
  if (next === null) throw new Error('the record is gone');
  return next;
}

test('the sweep whose scan queued a host stays with it until it has joined', () => {
  const queued = after(aRecord('discovered'), [judged], OF_SCAN);
  const stages = [queued, after(queued, [claimed]), after(queued, [claimed, accepted])];
  const installed = after(queued, [claimed, accepted, succeeded]);
  const joined = after(installed, [{ kind: 'node-seen', nodeId: 'node-1' }]);

  expect([...stages, installed].map((record) => [record.state, onItsWay(record).sweepId])).toEqual([
    ['queued', SWEEP],
    ['sending', SWEEP],
    ['installing', SWEEP],
    ['installed', SWEEP],
  ]);
  expect(joined.state).toBe('joined');
  expect('sweepId' in joined).toBe(false);
});

test('a host that waits keeps the sweep that queued it, whatever later scans see', () => {
  const queued = after(aRecord('discovered'), [judged], OF_SCAN);

  expect(after(queued, [judged], { ...SAMPLE_CONTEXT, sweepId: 'a-later-one' })).toBe(queued);
});

test('a host that has failed is on its way no more, and one that is tried again was queued by no scan', () => {
  const failed = after({ ...aRecord('sending'), batchId: aBatchId(1), sweepId: SWEEP }, [
    accepted,
    {
      kind: 'ended',
      commandId: aCommandId(1),
      result: { kind: 'failure', cause: 'host-no-curl', exitCode: 102, output: '' },
    },
  ]);

  expect([failed.state, 'sweepId' in failed]).toEqual(['failed', false]);
  const later = { ...SAMPLE_CONTEXT, nowMs: NOW_MS + 30 * 86_400_000 };
  expect(onItsWay(after(failed, [claimed], later))).toEqual({});
});

test.each([[7], [''], ['a sweep'], [`${SWEEP}${'0'.repeat(1_000_000)}`]])(
  'what is no sweep’s id in its place is left out when the record is read (case %#)',
  (sweepId) => {
    expect(onItsWay(KnownRecord.parse({ ...aRecord('queued'), sweepId }))).toEqual({});
    expect(onItsWay(KnownRecord.parse({ ...aRecord('queued'), sweepId: SWEEP }))).toEqual({ sweepId: SWEEP });
  },
);

test('an intent is read without its sweeps where these are not ten ids at most', () => {
  const intent = {
    batchId: aBatchId(1),
    matcherKey: aRecord('queued').matcherKey,
    documentName: 'Install',
    instanceIds: [],
    intentAtMs: NOW_MS,
    notAfterMs: NOW_MS,
    epoch: 'e',
    command: null,
    polls: 0,
  };
  const sweepsOf = (...sweepIds: readonly string[]) => StoredIntent.parse({ ...intent, sweepIds }).sweepIds;

  expect(sweepsOf(SWEEP)).toEqual([SWEEP]);
  expect(sweepsOf(SWEEP, 'x'.repeat(1_000))).toBeUndefined();
  expect(sweepsOf(...Array.from({ length: 11 }, () => SWEEP))).toBeUndefined();
});
