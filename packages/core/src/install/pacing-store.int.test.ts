import { aTarget } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { PacingLedger } from './pacing-store.ts';

const bench = useLedgerBench();

const TARGET = aTarget(0);
const OTHER = aTarget(1);

/** Calls granted at once, until the bucket says wait; at most `tries`. */
async function takeAll(pacing: PacingLedger, tries: number): Promise<number> {
  let granted = 0;
  for (let i = 0; i < tries; i += 1) {
    if ((await pacing.take(TARGET, 'ssm:SendCommand')) > 0) break;
    granted += 1;
  }
  return granted;
}

test('work of many calls gets its share of the burst at once, then is told how long to wait', async () => {
  const { pacing } = bench.create().ledger;

  const granted = await takeAll(pacing, 50);
  const waitMs = await pacing.take(TARGET, 'ssm:SendCommand');

  // Half of a burst of 10, and what is refilled meanwhile.
  expect(granted).toBeGreaterThanOrEqual(5);
  expect(granted).toBeLessThanOrEqual(8);
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(400);
});

test('many workers together get no more than one would', async () => {
  const { pacing } = bench.create().ledger;

  const waits = await Promise.all(Array.from({ length: 60 }, () => pacing.take(TARGET, 'ssm:SendCommand')));

  expect(waits.filter((waitMs) => waitMs === 0).length).toBeLessThanOrEqual(8);
});

test('one target that is used up leaves every other target alone', async () => {
  const { pacing } = bench.create().ledger;
  await takeAll(pacing, 50);

  expect(await pacing.take(OTHER, 'ssm:SendCommand')).toBe(0);
  expect(await pacing.take(TARGET, 'ssm:ListCommandInvocations')).toBe(0);
});

test('work of few calls goes freely until a call was throttled, and waits as long as AWS asked then', async () => {
  const { pacing } = bench.create().ledger;
  for (let i = 0; i < 100; i += 1) {
    expect(await pacing.takeIfKnown(TARGET, 'ssm:ListCommandInvocations')).toBe(0);
  }

  await pacing.throttled(TARGET, 'ssm:ListCommandInvocations', { retryAfterMs: 60_000, tookMs: 50 });

  const waitMs = await pacing.takeIfKnown(TARGET, 'ssm:ListCommandInvocations');
  expect(waitMs).toBeGreaterThan(58_000);
  expect(waitMs).toBeLessThanOrEqual(61_000);
});

test('a throttle cuts the rate once for all calls that were under way', async () => {
  const { redis, keys, ledger } = bench.create();
  const { pacing } = ledger;
  const cutAt = () => redis.hget(keys.bucket(TARGET, 'ssm:SendCommand'), 'at');
  await takeAll(pacing, 5);
  await pacing.throttled(TARGET, 'ssm:SendCommand', { retryAfterMs: null, tookMs: 50 });
  const rate = () => redis.hget(keys.bucket(TARGET, 'ssm:SendCommand'), 'rate');
  const first = [await cutAt(), await rate()];

  await pacing.throttled(TARGET, 'ssm:SendCommand', { retryAfterMs: null, tookMs: 2_000 });

  // The second answer belongs to the same burst of calls.
  expect([await cutAt(), await rate()]).toEqual(first);
  // Half of five calls a second are ours to take; a cut leaves three quarters of them.
  expect(Number(first[1])).toBeCloseTo(2.5 * 0.75, 6);
});

test('a call that left after the cut and is throttled cuts again', async () => {
  const { redis, keys, ledger } = bench.create();
  const rate = async () => Number(await redis.hget(keys.bucket(TARGET, 'ssm:SendCommand'), 'rate'));
  await takeAll(ledger.pacing, 5);
  await ledger.pacing.throttled(TARGET, 'ssm:SendCommand', { retryAfterMs: null, tookMs: 50 });
  const once = await rate();

  await ledger.pacing.throttled(TARGET, 'ssm:SendCommand', { retryAfterMs: null, tookMs: -5 });

  expect(await rate()).toBeLessThan(once);
});

test('a short wait that AWS asked for is kept, also with a full bucket of our own', async () => {
  const { pacing } = bench.create().ledger;

  const afterMs = await pacing.throttled(TARGET, 'ssm:SendCommand', { retryAfterMs: 2_000, tookMs: 50 });

  const waitMs = await pacing.take(TARGET, 'ssm:SendCommand');
  expect(afterMs).toBeGreaterThanOrEqual(waitMs);
  expect(waitMs).toBeGreaterThan(1_500);
  expect(waitMs).toBeLessThanOrEqual(2_100);
});

test('a bucket that was never cut is forgotten when it is full; one that was cut, only long after', async () => {
  const { redis, keys, ledger } = bench.create();
  await ledger.pacing.take(TARGET, 'ssm:SendCommand');
  await ledger.pacing.take(OTHER, 'ssm:SendCommand');
  await ledger.pacing.throttled(OTHER, 'ssm:SendCommand', { retryAfterMs: null, tookMs: 50 });

  expect(await redis.pttl(keys.bucket(TARGET, 'ssm:SendCommand'))).toBeLessThan(2_000);
  expect(await redis.pttl(keys.bucket(OTHER, 'ssm:SendCommand'))).toBeGreaterThan(500_000);
});
