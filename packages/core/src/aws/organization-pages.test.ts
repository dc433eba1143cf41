import { expect, it } from 'vitest';
import type { Clock } from '../runtime/clock-port.ts';
import { createPacer } from './organization-pages.ts';

function manualClock(): Pick<Clock, 'monotonicMs' | 'sleep'> & { nowMs: number } {
  const clock = {
    nowMs: 1_000_000,
    monotonicMs: () => clock.nowMs,
    // oxlint-disable-next-line typescript/require-await -- the port's shape
    sleep: async (ms: number) => {
      clock.nowMs += ms;
    },
  };
  return clock;
}

it('lets a burst pass and then keeps the pace', async () => {
  const clock = manualClock();
  const pace = createPacer(clock, { perSecond: 4, burst: 3 });
  const { signal } = new AbortController();
  const startedAtMs = clock.nowMs;

  for (let i = 0; i < 3; i += 1) await pace(signal);
  expect(clock.nowMs).toBe(startedAtMs);
  for (let i = 0; i < 8; i += 1) await pace(signal);

  expect(clock.nowMs - startedAtMs).toBe(2_000);
});

it('fills up again while no call asks, and no further than the burst', async () => {
  const clock = manualClock();
  const pace = createPacer(clock, { perSecond: 4, burst: 3 });
  const { signal } = new AbortController();
  for (let i = 0; i < 3; i += 1) await pace(signal);
  clock.nowMs += 3_600_000;
  const restedAtMs = clock.nowMs;

  for (let i = 0; i < 4; i += 1) await pace(signal);

  expect(clock.nowMs - restedAtMs).toBe(250);
});
