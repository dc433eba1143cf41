import { aTarget } from '@muster/testing/builders';
import { type LedgerBench, startLedgerBench } from '@muster/testing/ledger-bench';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { PacingLedger } from '../ports/ledger.ts';

let bench: LedgerBench;
beforeAll(async () => {
  bench = await startLedgerBench();
});
afterEach(() => bench.disconnect());
afterAll(() => bench.stop());

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

test('work of few calls goes freely until somebody was throttled, and waits as long as AWS asked then', async () => {
  const { pacing } = bench.create().ledger;
  for (let i = 0; i < 100; i += 1) {
    expect(await pacing.takeIfKnown(TARGET, 'ssm:ListCommandInvocations')).toBe(0);
  }

  await pacing.throttled(TARGET, 'ssm:ListCommandInvocations', 60_000);

  const waitMs = await pacing.takeIfKnown(TARGET, 'ssm:ListCommandInvocations');
  expect(waitMs).toBeGreaterThan(58_000);
  expect(waitMs).toBeLessThanOrEqual(61_000);
});

test('a throttle cuts the rate once for all calls that were under way', async () => {
  const { redis, keys, ledger } = bench.create();
  const { pacing } = ledger;
  await pacing.throttled(TARGET, 'ssm:SendCommand', null);
  const once = Number(await redis.hget(keys.bucket(TARGET, 'ssm:SendCommand'), 'factor'));
  await pacing.throttled(TARGET, 'ssm:SendCommand', null);
  const atOnce = Number(await redis.hget(keys.bucket(TARGET, 'ssm:SendCommand'), 'factor'));

  expect(once).toBeCloseTo(0.7, 2);
  // The second answer belongs to the same burst of calls.
  expect(atOnce).toBeGreaterThan(0.69);
});

test('a short wait that AWS asked for is kept, also with a full bucket of our own', async () => {
  const { pacing } = bench.create().ledger;

  await pacing.throttled(TARGET, 'ssm:SendCommand', 2_000);

  const waitMs = await pacing.take(TARGET, 'ssm:SendCommand');
  expect(waitMs).toBeGreaterThan(1_500);
  expect(waitMs).toBeLessThanOrEqual(2_100);
});
