import { aRecord, NOW_MS } from '@muster/testing/builders';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BackoffPolicy, describeNextAttempt, nextAttempt, nextDelayMs } from './next-attempt.ts';
import { CAUSES, type Cause, causeFacts } from './cause.ts';

const RUNS = { seed: 20_261_122, numRuns: 2_000 };
const POLICY: BackoffPolicy = { operatorFirstMs: 600_000, transientFirstMs: 120_000, capMs: 86_400_000 };
const cause = fc.constantFrom(...(Object.keys(CAUSES) as Cause[]));
const share = fc.double({ min: 0, max: 1, noNaN: true });
const failures = fc.integer({ min: 1, max: 10_000 });

function firstMs(one: Cause): number {
  return causeFacts(one).handling === 'retry-soon' ? POLICY.transientFirstMs : POLICY.operatorFirstMs;
}

test('delays double from the first one up to a day', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => nextDelayMs('host-no-curl', n, POLICY, 0) / 60_000);

  expect(delays).toEqual([10, 20, 40, 80, 160, 320, 640, 1_280, 1_440]);
});

test('what may mend itself comes back sooner', () => {
  expect(nextDelayMs('ec2-ssm-terminated', 1, POLICY, 0)).toBe(120_000);
});

test('a host that fails all day is tried at most eight times', () => {
  let [atMs, attempts] = [0, 0];
  while (atMs < 86_400_000) {
    attempts += 1;
    atMs += nextDelayMs('host-no-curl', attempts, POLICY, 0);
  }

  expect(attempts).toBeLessThanOrEqual(8);
});

test('never before the first delay and never later than the cap', () => {
  fc.assert(
    fc.property(cause, failures, share, (one, n, jitter) => {
      const delayMs = nextDelayMs(one, n, POLICY, jitter);
      expect(delayMs).toBeGreaterThanOrEqual(firstMs(one));
      expect(delayMs).toBeLessThanOrEqual(POLICY.capMs);
      expect(Number.isSafeInteger(delayMs)).toBe(true);
    }),
    RUNS,
  );
});

test('jitter only lengthens, by a tenth at most', () => {
  fc.assert(
    fc.property(cause, failures, share, (one, n, jitter) => {
      const plain = nextDelayMs(one, n, POLICY, 0);
      const jittered = nextDelayMs(one, n, POLICY, jitter);
      expect(jittered).toBeGreaterThanOrEqual(plain);
      expect(jittered).toBeLessThanOrEqual(Math.ceil(plain * 1.1));
    }),
    RUNS,
  );
});

test('one more failure doubles the delay or reaches the cap', () => {
  fc.assert(
    fc.property(cause, failures, (one, n) => {
      const [now, next] = [nextDelayMs(one, n, POLICY, 0), nextDelayMs(one, n + 1, POLICY, 0)];
      expect(next).toBe(Math.min(2 * now, POLICY.capMs));
    }),
    RUNS,
  );
});

test('a jitter or a count outside its range is taken as the nearest in it', () => {
  expect(nextDelayMs('host-no-curl', 0, POLICY, -3)).toBe(600_000);
  expect(nextDelayMs('host-no-curl', 1, POLICY, 99)).toBe(660_000);
});

test('a cap below the first delay wins', () => {
  expect(nextDelayMs('host-no-curl', 1, { ...POLICY, capMs: 1_000 }, 1)).toBe(1_000);
});

test('a failed host waits for its back-off', () => {
  const record = { ...aRecord('failed', { failures: 2 }), nextAttemptAtMs: NOW_MS + 5 };

  expect(nextAttempt(record, NOW_MS)).toEqual({ atMs: NOW_MS + 5, reason: 'back-off' });
});

test('a failed host whose time has come waits for no time any more', () => {
  const record = { ...aRecord('failed', { failures: 2 }), nextAttemptAtMs: NOW_MS };

  expect(nextAttempt(record, NOW_MS)).toBeNull();
});

test('a queued host says for what it waits, as long as it does', () => {
  const queued = { ...aRecord('queued', { failures: 2 }), readyAtMs: NOW_MS + 5 };

  expect(nextAttempt(queued, NOW_MS)).toEqual({ atMs: NOW_MS + 5, reason: 'back-off' });
  expect(nextAttempt({ ...queued, failures: 0 }, NOW_MS)).toEqual({ atMs: NOW_MS + 5, reason: 'turn' });
  expect(nextAttempt(queued, NOW_MS + 5)).toBeNull();
});

test('others wait for no time', () => {
  expect(nextAttempt(aRecord('joined'), NOW_MS)).toBeNull();
  expect(nextAttempt(aRecord('ineligible'), NOW_MS)).toBeNull();
});

test('the reason is a sentence', () => {
  expect(describeNextAttempt({ atMs: 1, reason: 'back-off' }, 1)).toContain('one attempt has failed');
  expect(describeNextAttempt({ atMs: 1, reason: 'back-off' }, 3)).toContain(
    '3 attempts in a row have failed',
  );
  expect(describeNextAttempt({ atMs: 1, reason: 'turn' }, 0)).toContain('nothing was sent');
});
