import { expect, test } from 'vitest';
import { createSeenEpochs } from './seen-epochs.ts';

test('the first epoch that a process meets may be of any age; each later one is as old as its counter says', () => {
  let countMs = 1_000;
  const epochs = createSeenEpochs({ monotonicMs: () => countMs });

  expect(epochs.knownForMs('a')).toBe(Number.POSITIVE_INFINITY);
  countMs += 500;
  expect(epochs.knownForMs('b')).toBe(0);
  countMs += 700;

  expect([epochs.knownForMs('a'), epochs.knownForMs('b')]).toEqual([Number.POSITIVE_INFINITY, 700]);
});
