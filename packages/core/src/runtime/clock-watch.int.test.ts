import { eventually } from '@muster/testing/eventually';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { createClock } from './clock.ts';
import { type ClockWatch, watchClock } from './clock-watch.ts';
import { thisRelease } from './release.ts';
import { createSteadyClock } from './steady-clock.ts';

const bench = useLedgerBench();
const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

/** A watch over a machine whose clock can be set, in a ledger of its own. */
async function watchMachine(offMs: number) {
  const { ledger } = bench.create();
  const machine = { offMs };
  const turns: string[] = [];
  const clock = createSteadyClock({ ...createClock(), now: () => Date.now() + machine.offMs });
  const watch: ClockWatch = await watchClock({
    clocks: ledger.clocks,
    clock,
    name: 'host/1',
    part: 'worker',
    log,
    onWrong: () => void turns.push('wrong'),
    onRight: () => void turns.push('right'),
  });
  return { ledger, clock, machine, turns, watch };
}

test('a machine that is 6 min ahead is told so at the start, dates by Redis, and is right again by itself', async () => {
  const { ledger, clock, machine, turns, watch } = await watchMachine(360_000);

  expect([watch.isRight(), turns]).toEqual([false, ['wrong']]);
  expect(watch.trouble()).toContain('6 min ahead of that of Redis');
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
  const { clocks } = await ledger.clocks.all();
  expect(clocks).toEqual([expect.objectContaining({ name: 'host/1', part: 'worker', runs: thisRelease() })]);
  expect(clocks[0]?.offSinceMs).not.toBeNull();

  machine.offMs = 0;
  await eventually('it is right', () => watch.isRight());
  expect(turns).toEqual(['wrong', 'right']);
  expect(watch.trouble()).toBeNull();
  await eventually('it says so', async () => (await ledger.clocks.all()).clocks[0]?.offSinceMs === null);
  await watch.close();
  expect((await ledger.clocks.all()).clocks).toEqual([]);
});

test('a clock that jumps holds the process within seconds, and one that moved a little does not', async () => {
  const { machine, turns, watch } = await watchMachine(0);
  expect(turns).toEqual(['right']);

  machine.offMs = -20_000;
  await eventually('it is wrong', () => watch.trouble() !== null, 5_000);
  expect(turns.at(-1)).toBe('wrong');

  machine.offMs = 3_000;
  await eventually('it is right', () => watch.isRight(), 5_000);
  await watch.close();
});
