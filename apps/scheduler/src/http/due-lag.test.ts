import { expect, test } from 'vitest';
import { oldestLagSeconds } from './due-lag.ts';

const NOW_MS = 1_800_000_000_000;

/** An index whose oldest member has been due for that long. */
function dueFor(seconds: number): { readonly dueAt: (atMs: number) => Promise<number>; asked: number } {
  const index = {
    asked: 0,
    dueAt: (atMs: number) => {
      index.asked += 1;
      return Promise.resolve(NOW_MS - seconds * 1_000 <= atMs ? 1 : 0);
    },
  };
  return index;
}

test.each([0, 0.5, 1, 2, 3, 44, 59.9, 60, 3_599, 86_400])(
  'a member due for %s s is found to the second',
  async (seconds) => {
    expect(await oldestLagSeconds(dueFor(seconds).dueAt, NOW_MS)).toBe(Math.floor(seconds));
  },
);

test('one question is enough when nothing is overdue', async () => {
  const index = dueFor(-5);

  await oldestLagSeconds(index.dueAt, NOW_MS);

  expect(index.asked).toBe(1);
});

test('an hour takes about twenty questions', async () => {
  const index = dueFor(3_600);

  await oldestLagSeconds(index.dueAt, NOW_MS);

  expect(index.asked).toBeLessThan(27);
});

test('whatever is longer than two weeks is told as two weeks', async () => {
  expect(await oldestLagSeconds(dueFor(1e9).dueAt, NOW_MS)).toBe(14 * 86_400);
});
