/** Three instances, clocks that differ, many faults: never twice on the way, and never lost after it. */
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { asCoded, worldOf, type World } from './protocol.ts';
import { lostCommands, rest, walk } from './random-walk.ts';

const SEEDS = process.env['MUSTER_MODEL'] === 'long' ? 60_000 : 1_200;
const STEPS = 400;
const SKEW = 1;
const BUSY: Partial<World> = {
  instances: 3,
  skews: [0, SKEW],
  batches: 20,
  crashes: 2,
  refusals: 2,
  pauses: 1,
  ends: 'both',
  tracksDue: true,
};

const WORLDS: readonly (readonly [string, Partial<World>])[] = [
  ['Redis keeps what it was told', BUSY],
  [
    'Redis is flushed, rolled back and fails over',
    { ...BUSY, flushes: 1, rollbacks: 2, failbacks: 1, acceptedUntil: 'deadline' },
  ],
];

describe.each(WORLDS)('%s', (_, world) => {
  const model = { protocol: asCoded({}, SKEW), world: worldOf(world) };
  const loses = (world.flushes ?? 0) > 0;

  test('never two live commands, and after the faults everything comes to its end', {
    timeout: 1_800_000,
  }, () => {
    let commands = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const walked = walk(model, seed, STEPS);
      commands += walked.commands;
      expect(walked.fault, `seed ${seed}: ${walked.trace.join('; ')}`).toBeNull();

      const { state, open } = rest(walked.end, model);

      expect(open, `seed ${seed}: ${walked.trace.join('; ')}`).toEqual([]);
      // What Redis forgot it may hear of only as far as it still matters: see `adopt`.
      expect(loses ? [] : lostCommands(state), `seed ${seed}`).toEqual([]);
    }
    expect(commands).toBeGreaterThan(2 * SEEDS);
  });
});

test('were an intent and its due time two writes, an intent could be left that no worker looks at', () => {
  const model = { protocol: asCoded({ commitsDue: false }, SKEW), world: worldOf(BUSY) };
  const stuck = Array.from({ length: 200 }, (_, seed) => rest(walk(model, seed, STEPS).end, model).open);

  expect(stuck.filter((open) => open.some((one) => one.endsWith('is sending'))).length).toBeGreaterThan(0);
});

test('a protocol that resends too early is seen through at random, too', () => {
  const model = { protocol: asCoded({ resendAfter: 1 }, SKEW), world: worldOf(BUSY) };
  const faults = Array.from({ length: 200 }, (_, seed) => walk(model, seed, STEPS).fault);

  expect(faults).toContain('two-live');
});

test('the same seed walks the same way', () => {
  const model = { protocol: asCoded({}, SKEW), world: worldOf(BUSY) };

  expect(walk(model, 7, STEPS).trace).toEqual(walk(model, 7, STEPS).trace);
  expect(walk(model, 7, STEPS).trace).not.toEqual(walk(model, 8, STEPS).trace);
});
