import { aTarget } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { playCallers } from './paced-callers.fixture.ts';

const bench = useLedgerBench();

const TARGET = aTarget(0);
const OURS = { burst: 10, perSecond: 5 };

test.each([
  ['a quarter of what was assumed', 1.25, 2, 1],
  ['a quarter, with many callers', 1.25, 2, 4],
  ['half, with little to spare at once', 2.5, 1.2, 4],
  ['nearly all of it', 4.5, 2, 1],
  ['a twentieth, with much to spare at once', 0.25, 10, 1],
])('where AWS allows %s, its rate is found and kept to', async (_, perSecond, seconds, callers) => {
  const { redis, keys } = bench.create();
  const real = { burst: perSecond * seconds, perSecond };

  for (const seed of [1, 2, 3]) {
    const key = `${keys.bucket(TARGET, 'ssm:SendCommand')}:${seed}`;
    const { used, throttled } = await playCallers(redis, key, {
      ours: OURS,
      real,
      callers,
      calls: 240,
      seed,
    });

    expect(used, `used, seed ${seed}`).toBeGreaterThan(0.9);
    expect(throttled, `throttled, seed ${seed}`).toBeLessThan(0.05);
  }
});

test.each([
  ['less', 4, 0.5, 8],
  ['more', 0.5, 3, 6],
])('when AWS comes to allow %s, that is found too', async (_, before, after, burst) => {
  const { redis, keys } = bench.create();

  const { used, throttled } = await playCallers(redis, keys.bucket(TARGET, 'ssm:SendCommand'), {
    ours: OURS,
    real: { burst, perSecond: before },
    change: { afterCalls: 100, perSecond: after },
    callers: 1,
    calls: 600,
    seed: 1,
  });

  expect(used).toBeGreaterThan(0.9);
  expect(throttled).toBeLessThan(0.05);
});

test('where AWS allows what was assumed, our share of it is never throttled nor held back', async () => {
  const { redis, keys } = bench.create();

  const { used, throttled } = await playCallers(redis, keys.bucket(TARGET, 'ssm:SendCommand'), {
    ours: OURS,
    real: { burst: 20, perSecond: 10 },
    callers: 4,
    calls: 240,
    seed: 1,
  });

  expect(used).toBeGreaterThan(0.49);
  expect(throttled).toBe(0);
});
