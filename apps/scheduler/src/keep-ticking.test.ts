import { createClock } from '@muster/core/runtime/clock';
import { recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { expect, test } from 'vitest';
import { keepTicking } from './tick.ts';

test('a tick that fails is told once, and goes on until it is closed', async () => {
  const log = recordingLog();
  let ticks = 0;
  const ticking = keepTicking({
    tick: () => {
      ticks += 1;
      return ticks <= 2 ? Promise.reject(new Error('Redis is away')) : Promise.resolve();
    },
    everyMs: 10,
    clock: createClock(),
    log,
  });

  await eventually('it has gone on', () => ticks >= 4);
  await ticking.close();
  const ended = ticks;

  const told = log.lines.filter(({ level }) => level !== 'debug').map(({ message }) => message);
  expect(told).toEqual(['tick failed', 'tick works again']);
  await new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
  expect(ticks).toBe(ended);
});
