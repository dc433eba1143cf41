import { eventually } from '@muster/testing/eventually';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { createClock } from './clock.ts';
import { watchClock } from './clock-watch.ts';
import { thisRelease } from './release.ts';

const bench = useLedgerBench();
const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

/** A watch over a machine whose clock can be set, in a ledger of its own. */
async function watchMachine(offMs: number) {
  const { ledger } = bench.create();
  const machine = { offMs };
  const clock = createClock({
    machineNow: () => Date.now() + machine.offMs,
    monotonicMs: () => Math.floor(performance.now()),
  });
  const watch = await watchClock({ clocks: ledger.clocks, clock, name: 'host/1', part: 'worker', log });
  return { ledger, clock, machine, watch };
}

test.each([360_000, -360_000, 1_200_000])(
  'a machine that is off by %i ms dates by Redis and tells how it stands, until it is right again',
  async (offMs) => {
    const { ledger, clock, machine, watch } = await watchMachine(offMs);

    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
    const { clocks } = await ledger.clocks.all();
    expect(clocks).toEqual([
      expect.objectContaining({
        name: 'host/1',
        part: 'worker',
        runs: thisRelease(),
        startedAtMs: expect.any(Number) as number,
        load: { cpuShare: expect.any(Number) as number, memoryBytes: expect.any(Number) as number },
      }),
    ]);
    expect(Math.abs((clocks[0]?.offsetMs ?? 0) - offMs)).toBeLessThan(1_000);
    expect(clocks[0]?.offSinceMs).not.toBeNull();

    machine.offMs = 0;
    await eventually('it says so', async () => (await ledger.clocks.all()).clocks[0]?.offSinceMs === null);
    await watch.close();
    expect((await ledger.clocks.all()).clocks).toEqual([]);
  },
);

test('a machine that is off by less than AWS refuses is told and is nothing to act on', async () => {
  const { ledger, watch } = await watchMachine(45_000);

  expect((await ledger.clocks.all()).clocks[0]?.offSinceMs).toBeNull();
  await watch.close();
});
