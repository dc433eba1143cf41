import { expect, test } from 'vitest';
import { createClock } from './clock.ts';
import { createSteadyClock, type SteadyClock } from './steady-clock.ts';

/** A machine whose clock is set by hand, and a counter that is never set. */
function aMachine(): {
  readonly clock: SteadyClock;
  readonly pass: (ms: number) => void;
  readonly setClock: (byMs: number) => void;
} {
  let machineMs = 1_000_000;
  let counterMs = 50;
  return {
    clock: createSteadyClock({ ...createClock(), now: () => machineMs }, () => counterMs),
    pass: (ms) => {
      machineMs += ms;
      counterMs += ms;
    },
    setClock: (byMs) => {
      machineMs += byMs;
    },
  };
}

test.each([360_000, -360_000, 1_200_000])(
  'a machine whose clock is set by %i ms goes on dating as before, until it was compared',
  (byMs) => {
    const { clock, pass, setClock } = aMachine();

    setClock(byMs);
    pass(700);

    expect(clock.now()).toBe(1_000_700);
    expect(clock.machineNow()).toBe(1_000_700 + byMs);
    expect(clock.hasJumped()).toBe(true);
    clock.set(0);
    expect([clock.now(), clock.hasJumped()]).toEqual([1_000_700 + byMs, false]);
  },
);

test('what is off is counted from the time that is right', () => {
  const { clock, pass, setClock } = aMachine();
  setClock(360_000);

  clock.set(360_000);
  pass(5_000);

  expect(clock.now()).toBe(1_005_000);
  expect(clock.hasJumped()).toBe(false);
});
