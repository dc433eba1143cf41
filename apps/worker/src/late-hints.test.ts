import { aTarget } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { catalog } from '@muster/core/jobs/catalog';
import { createLateHints, type LateHints } from './late-hints.ts';

const INSTALL = catalog['install-batch'];
const PAYLOAD = { target: aTarget() };

interface Play {
  readonly hints: LateHints;
  /** What reached the queue. */
  readonly given: unknown[];
  /** Lengths of the waits that were begun. */
  readonly waits: number[];
  /** Ends the oldest wait. */
  wake(): Promise<void>;
}

/** A clock whose waits end when the test says so. */
function startPlay(enqueue = async (...hint: unknown[]) => void hint): Play {
  const given: unknown[] = [];
  const waits: number[] = [];
  const sleepers: (() => void)[] = [];
  const hints = createLateHints({
    clock: {
      sleep: (ms, signal) => {
        waits.push(ms);
        return new Promise((resolve, reject) => {
          sleepers.push(resolve);
          signal?.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        });
      },
    },
    enqueue: async (...hint) => {
      given.push(hint);
      await enqueue(...hint);
    },
  });
  return {
    hints,
    given,
    waits,
    wake: async () => {
      sleepers.shift()?.();
      await new Promise(setImmediate);
    },
  };
}

test('a hint comes after its wait, ahead of the queue', async () => {
  const play = startPlay();

  play.hints.later(INSTALL, PAYLOAD, 800);
  expect([play.waits, play.given]).toEqual([[800], []]);
  await play.wake();

  expect(play.given).toEqual([[INSTALL, [PAYLOAD], { first: true }]]);
});

test('no hint comes before the queue has forgotten the job that asks for it', () => {
  const play = startPlay();

  play.hints.later(INSTALL, PAYLOAD, 0);

  expect(play.waits).toEqual([20]);
});

test('a long wait is left to the tick', () => {
  const play = startPlay();

  play.hints.later(INSTALL, PAYLOAD, 5_001);

  expect(play.waits).toEqual([]);
});

test('what waits when the worker stops is not given any more, and nothing waits afterwards', async () => {
  const play = startPlay();
  play.hints.later(INSTALL, PAYLOAD, 800);

  play.hints.close();
  play.hints.later(INSTALL, PAYLOAD, 800);
  await play.wake();

  expect(play.waits).toEqual([800]);
  expect(play.given).toEqual([]);
});

test('a Redis that is away costs nothing but the hint', async () => {
  const play = startPlay(() => Promise.reject(new Error('away')));

  play.hints.later(INSTALL, PAYLOAD, 100);
  await play.wake();

  expect(play.given).toHaveLength(1);
});

test('of very many turns the tick hands out what is beyond a bound', async () => {
  const play = startPlay();

  for (let n = 0; n < 10_005; n += 1) play.hints.later(INSTALL, PAYLOAD, 100);
  expect(play.waits).toHaveLength(10_000);

  await play.wake();
  play.hints.later(INSTALL, PAYLOAD, 100);
  expect(play.waits).toHaveLength(10_001);
});
