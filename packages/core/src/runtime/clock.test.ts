import { expect, test } from 'vitest';
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
