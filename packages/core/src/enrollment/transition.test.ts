import { aRecord, NOW_MS } from '@muster/testing/builders';
import { answerOf, aDueRecord, recordAfter, SAMPLE_EVENTS, STATES } from '@muster/testing/enrollment-table';
import { describe, expect, test } from 'vitest';
import type { EnrollmentEvent } from './event.ts';

/**
 * Every state × every event. Columns in the order of STATES, after `unknown`; `same`: untouched, `kept`: same state with
 * other facts, `-`: means nothing.
 */
const TABLE: Readonly<Record<string, string>> = {
  //                             unknown    discovered stopped    unmatched  ineligible queued     sending    installing installed  joined     lost       failed     gone
  seen: 'discovered same       discovered discovered same       same       same       same       same       same       same       same       discovered',
  'seen, restarted':
    'discovered kept       discovered discovered discovered kept       same       same       kept       kept       installed  discovered discovered',
  'seen, another matcher':
    'discovered kept       discovered discovered discovered kept       same       same       kept       kept       kept       discovered discovered',
  'seen-stopped':
    '-          stopped    same       stopped    stopped    stopped    -          -          stopped    stopped    stopped    stopped    stopped',
  'seen-unmatched':
    '-          unmatched  unmatched  same       unmatched  unmatched  -          -          unmatched  unmatched  unmatched  unmatched  unmatched',
  'not-seen':
    '-          gone       gone       gone       gone       gone       -          -          gone       gone       gone       gone       same',
  'judged eligible':
    '-          queued     -          -          queued     same       -          -          -          -          same       same       -',
  'judged ineligible':
    '-          ineligible -          -          kept       ineligible -          -          -          -          kept       ineligible -',
  'node-seen':
    '-          joined     -          -          joined     joined     -          -          joined     kept       joined     joined     -',
  claimed:
    '-          -          -          -          -          sending    -          -          -          -          sending    sending    -',
  'send-refused, not its fault':
    '-          -          -          -          -          -          queued     -          -          -          -          -          -',
  'send-refused, its fault':
    '-          -          -          -          -          -          failed     -          -          -          -          -          -',
  "send-refused, another's batch":
    '-          -          -          -          -          -          -          -          -          -          -          -          -',
  accepted:
    '-          installing installing installing installing installing installing same       installing installing installing installing installing',
  "accepted, another's command":
    '-          installing installing installing installing installing installing -          installing installing installing installing installing',
  'ended well':
    '-          -          -          -          -          -          -          installed  -          -          -          -          -',
  'ended badly':
    '-          -          -          -          -          -          -          failed     -          -          -          -          -',
  'ended, managed elsewhere':
    '-          -          -          -          -          -          -          ineligible -          -          -          -          -',
  "ended, another's command":
    '-          -          -          -          -          -          -          -          -          -          -          -          -',
  'join-deadline-passed':
    '-          -          -          -          -          -          -          -          failed     -          -          -          -',
  'node-missing':
    '-          -          -          -          -          -          -          -          -          same       -          -          -',
  'node-lost':
    '-          -          -          -          -          -          -          -          -          lost       -          -          -',
  'retry-requested':
    '-          -          -          -          discovered kept       -          -          -          -          -          queued     -',
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
      'node-missing': true,
      'node-lost': true,
      'retry-requested': true,
    };
    expect(new Set(SAMPLE_EVENTS.map(({ event }) => event.kind))).toEqual(new Set(Object.keys(kinds)));
  });

  test.each(SAMPLE_EVENTS)('$label', ({ label, event }) => {
    const answers = [answerOf(null, event), ...STATES.map((state) => answerOf(aDueRecord(state), event))];

    expect(answers).toEqual(TABLE[label]?.split(/\s+/));
  });
});

test("an operator's retry is due at once and starts the back-off anew", () => {
  expect(recordAfter(aRecord('failed', { failures: 5 }), { kind: 'retry-requested' })).toMatchObject({
    state: 'queued',
    readyAtMs: NOW_MS,
    failures: 0,
  });
});
