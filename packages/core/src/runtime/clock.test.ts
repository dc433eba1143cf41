import { expect, test } from 'vitest';
import { LATE, within } from './clock-port.ts';
import { createClock } from './clock.ts';

test('a sleep rejects with the reason of the signal that ended it', async () => {
  const controller = new AbortController();
  const reason = new Error('worker is closing');

  const sleeping = createClock().sleep(60_000, controller.signal);
  controller.abort(reason);

  await expect(sleeping).rejects.toBe(reason);
});

test('a sleep with an aborted signal never starts', async () => {
  const reason = new Error('too late');

  await expect(createClock().sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('a sleep longer than one timer can hold does not end at once', async () => {
  const controller = new AbortController();
  let ended = false;

  const sleeping = createClock()
    .sleep(2 ** 40, controller.signal)
    .finally(() => {
      ended = true;
    });
  await createClock().sleep(20);

  expect(ended).toBe(false);
  controller.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
});

test('a negative sleep is over at once', async () => {
  await expect(createClock().sleep(-5)).resolves.toBeUndefined();
});

test('what is to be done after a while is done once, and not at all when it is called off', async () => {
  const clock = createClock();
  let done = 0;
  const count = (): void => {
    done += 1;
  };

  clock.after(5, count);
  const callOff = clock.after(5, count);
  callOff();
  clock.after(2 ** 40, count)();
  await clock.sleep(30);

  expect(done).toBe(1);
});

test('work that takes too long is late, and its own failure is passed on when it does not', async () => {
  const clock = createClock();
  const never = Promise.withResolvers<number>();

  expect(await within(clock, 5, never.promise)).toBe(LATE);
  expect(await within(clock, 60_000, Promise.resolve(7))).toBe(7);
  await expect(within(clock, 60_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});

/** A machine whose clock is set by hand, and a counter that is never set. */
function aMachine() {
  const time = { machineMs: 1_000_000, counterMs: 50 };
  const clock = createClock({ machineNow: () => time.machineMs, monotonicMs: () => time.counterMs });
  const pass = (ms: number): void => {
    time.machineMs += ms;
    time.counterMs += ms;
  };
  return { time, clock, pass };
}

test.each([360_000, -360_000, 1_200_000])(
  'a machine whose clock is set by %i ms goes on dating by what Redis told',
  (byMs) => {
    const { time, clock, pass } = aMachine();
    clock.told(5_000_000);

    time.machineMs += byMs;
    pass(700);

    expect([clock.now(), clock.monotonicMs()]).toEqual([5_000_700, 750]);
    expect(clock.machineNow()).toBe(1_000_700 + byMs);
  },
);

test('before Redis has told the time it is the machine’s', () => {
  expect(aMachine().clock.now()).toBe(1_000_000);
});

test('an answer that was under way for a while sets the clock forward, not back', () => {
  const { clock, pass } = aMachine();
  clock.told(5_000_000);
  pass(1_000);

  clock.told(5_000_400);
  expect(clock.now()).toBe(5_001_000);
  clock.told(5_001_200);
  expect(clock.now()).toBe(5_001_200);
});

test.each([-360_000, 360_000])('another primary whose clock differs by %i ms is followed at once', (byMs) => {
  const { clock } = aMachine();
  clock.told(5_000_000);

  clock.told(5_000_000 + byMs);

  expect(clock.now()).toBe(5_000_000 + byMs);
});
