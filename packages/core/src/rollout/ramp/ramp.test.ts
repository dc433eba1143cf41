import { seededRandom } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { hostsNeeded, moveOfRamp, type RampRule, type RampStep } from './ramp.ts';

const RULE: RampRule = { first: 5, factor: 2, success: 0.9, off: false };
const CAP = 1_000;
const FRESH = { taken: 0, joined: 0, failed: 0, tried: 0, triedFailed: 0, carried: 0, accounts: 1 };

function aStep(facts: Partial<RampStep>): RampStep {
  const step = { size: 5, ...FRESH, failedByAccount: [], ...facts };
  return { ...step, failedByAccount: facts.failedByAccount ?? [step.failed + step.triedFailed] };
}

interface RollOut {
  readonly outcome: 'stopped' | 'over' | 'endless';
  readonly touched: number;
  readonly steps: number;
}

/**
 * A roll-out over as many hosts as the ramp asks for, over accounts in turn. The failures of a step end before its joins: that
 * is the order in which they come.
 */
function rollOut(fails: (account: number) => boolean, accounts: number, rule = RULE): RollOut {
  let step = aStep({ size: rule.first, accounts, failedByAccount: [] });
  let touched = 0;
  const byAccount = new Map<number, number>();
  for (let turns = 0; turns < 500; turns += 1) {
    const hosts = Array.from({ length: step.size }, (_, n) => (touched + n) % accounts);
    touched += step.size;
    const failed = hosts.filter((account) => fails(account));
    for (const account of failed) byAccount.set(account, (byAccount.get(account) ?? 0) + 1);
    const afterFailures = { ...step, taken: step.size, failed: failed.length };
    const failedByAccount = [...byAccount.values()];
    const moves = [
      moveOfRamp({ ...afterFailures, failedByAccount }, rule, CAP),
      moveOfRamp({ ...afterFailures, failedByAccount, joined: step.size - failed.length }, rule, CAP),
    ];
    const move = moves.find(({ kind }) => kind !== 'wait') ?? { kind: 'wait' };
    if (move.kind === 'stop') return { outcome: 'stopped', touched, steps: turns + 1 };
    if (move.kind === 'end') return { outcome: 'over', touched, steps: turns + 1 };
    if (move.kind === 'grow') {
      byAccount.clear();
      step = aStep({ size: move.size, carried: move.carried, accounts, failedByAccount: [] });
    } else {
      const { tried, triedFailed } = step;
      step = {
        ...step,
        tried: tried + step.size,
        triedFailed: triedFailed + failed.length,
      };
    }
  }
  return { outcome: 'endless', touched, steps: 500 };
}

function rollOuts(count: number, seed: number, share: number, accounts = 1): readonly RollOut[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => rollOut(() => random() < share, accounts));
}

function touchedAt(quantile: number, outs: readonly RollOut[]): number {
  const sorted = outs.map(({ touched }) => touched).toSorted((a, b) => a - b);
  return sorted[Math.floor(quantile * (sorted.length - 1))] ?? Number.NaN;
}

test('a step is done when its share has joined, and the next one is larger', () => {
  expect([5, 10, 20, 40].map((size) => hostsNeeded(size, RULE))).toEqual([5, 9, 18, 36]);
  expect(moveOfRamp(aStep({ taken: 5, joined: 4 }), RULE, CAP)).toEqual({ kind: 'wait' });
  expect(moveOfRamp(aStep({ taken: 5, joined: 5 }), RULE, CAP)).toEqual({
    kind: 'grow',
    size: 10,
    carried: 0,
  });
});

test('a slow host does not hold a step of ten', () => {
  expect(moveOfRamp(aStep({ size: 10, taken: 10, joined: 9 }), RULE, CAP)).toMatchObject({ size: 20 });
});

test('a ramp ends when the next step is wider than the cap of all', () => {
  expect(moveOfRamp(aStep({ size: 640, taken: 640, joined: 580 }), RULE, CAP)).toEqual({ kind: 'end' });
});

test('one failure of five is tried once more, and only when the others have ended', () => {
  expect(moveOfRamp(aStep({ taken: 5, failed: 1 }), RULE, CAP)).toEqual({ kind: 'wait' });
  expect(moveOfRamp(aStep({ taken: 5, failed: 1, joined: 4 }), RULE, CAP)).toEqual({ kind: 'repeat' });
});

test('a step is not tried anew while its other hosts may still fail and stop it', () => {
  expect(moveOfRamp(aStep({ taken: 5, failed: 3 }), RULE, CAP)).toEqual({ kind: 'wait' });
  expect(moveOfRamp(aStep({ taken: 5, failed: 5 }), RULE, CAP)).toEqual({ kind: 'stop' });
  // Nine of ten have ended, and the tenth could change nothing.
  const slow = aStep({ size: 10, taken: 10, failed: 2, joined: 7 });
  expect(moveOfRamp(slow, RULE, CAP)).toEqual({ kind: 'repeat' });
});

test('five failures stop it, and five in one of three accounts do not while hosts of the others join', () => {
  for (const failedByAccount of [[1, 1, 1, 1, 1], [2, 2, 1], [5]]) {
    const five = { taken: 5, failed: 5, accounts: failedByAccount.length, failedByAccount };
    expect(moveOfRamp(aStep(five), RULE, CAP)).toEqual({ kind: 'stop' });
  }
  const ten = { size: 10, taken: 10, failed: 6, joined: 4 };
  const [one, all] = [[6], [2, 2, 2]];
  expect(moveOfRamp(aStep({ ...ten, accounts: 3, failedByAccount: one }), RULE, CAP).kind).toBe('grow');
  expect(moveOfRamp(aStep({ ...ten, accounts: 2, failedByAccount: one }), RULE, CAP).kind).toBe('stop');
  expect(moveOfRamp(aStep({ ...ten, accounts: 9, failedByAccount: all }), RULE, CAP).kind).toBe('repeat');
});

test.each([0.03, 0.05])(
  'of 20,000 roll-outs in which each host fails with the chance %d, fewer than one in 1,000 stops, and all others end',
  (share) => {
    const outs = rollOuts(20_000, 14, share);

    expect(outs.filter(({ outcome }) => outcome === 'stopped').length).toBeLessThan(20);
    expect(outs.filter(({ outcome }) => outcome === 'endless')).toEqual([]);
    // Half of them need no more hosts than the steps have.
    expect(touchedAt(0.5, outs)).toBe(1_275);
    expect(touchedAt(0.9, outs)).toBeLessThanOrEqual(1_300);
  },
);

test('an installer that fails everywhere touches the hosts of the first step, over any number of accounts', () => {
  for (const accounts of [1, 2, 3, 5, 20]) {
    const { outcome, touched } = rollOut(() => true, accounts);
    expect(outcome).toBe('stopped');
    expect(touched).toBe(5);
  }
});

test.each([
  [0.3, 1, 25, 60],
  [0.3, 20, 40, 75],
  [0.5, 1, 10, 20],
])(
  'where a share of %d fails, over %d accounts, it stops within %d hosts at the median and %d in nine of ten',
  (share, accounts, median, most) => {
    const outs = rollOuts(4_000, 7, share, accounts);

    expect(outs.every(({ outcome }) => outcome === 'stopped')).toBe(true);
    expect(touchedAt(0.5, outs)).toBeLessThanOrEqual(median);
    expect(touchedAt(0.9, outs)).toBeLessThanOrEqual(most);
  },
);

test.each([
  [20, 14],
  [6, 14],
])('one broken account of %d stops nothing, and costs a few steps more', (accounts, most) => {
  const random = seededRandom(3);
  const outs = Array.from({ length: 200 }, () =>
    rollOut((account) => account === 0 || random() < 0.02, accounts),
  );

  expect(outs.filter(({ outcome }) => outcome !== 'over')).toEqual([]);
  // A healthy fleet needs eight.
  const steps = outs.map((one) => one.steps).toSorted((a, b) => a - b);
  expect(steps[180]).toBeLessThanOrEqual(most);
});
