/** The judge of the chaos suite can say no: made-up histories in which one bound is exceeded. */
import { moveOfRamp, type RampRule, type RampStep } from '@muster/core/rollout/ramp/ramp';
import { expect, test } from 'vitest';
import { type Bounds, judgeBounds } from './bounds.ts';
import type { HostChange } from './change-history.ts';
import { seededRandom } from './chaos-case.ts';
import { judgeStays } from './stays.ts';

type History = readonly (readonly HostChange[])[];

const FIRST = '111111111111.us-east-1';
const SECOND = '222222222222.us-east-1';
const RULE: RampRule = { first: 5, factor: 2, success: 0.9, off: false };
const ONE_RAMP: Bounds = { ramp: RULE, capOfAll: 1_000, quietMs: 1_000, repairsInFlight: 2, waves: [] };
const BOUNDS: Bounds = {
  ...ONE_RAMP,
  waves: [
    {
      name: 'first',
      accounts: new Set(['111111111111']),
      inFlight: 8,
      afterJoined: 0,
      afterMs: 0,
      approvedAtMs: null,
    },
    { name: 'rest', accounts: null, inFlight: 1_000, afterJoined: 0.8, afterMs: 50, approvedAtMs: 100 },
  ],
};
const FIVE = [1, 2, 3, 4, 5];

/** Makes up commits: each is a millisecond after the one before it. */
function makeUp() {
  let nowMs = 0;
  const commit = (
    target: string,
    hosts: readonly number[],
    state: string,
    cause: string | null = null,
  ): readonly HostChange[] => {
    nowMs += 1;
    return hosts.map((n) => ({ host: `${target}/${n}`, target, state, cause, atMs: nowMs }));
  };
  return {
    commit,
    /** These hosts go through the states, one commit for each; by default until they have joined. */
    pass: (
      target: string,
      hosts: readonly number[],
      states = ['sending', 'installing', 'installed', 'joined'],
    ): History => states.map((state) => commit(target, hosts, state)),
    wait: (ms: number): History => {
      nowMs += ms;
      return [];
    },
  };
}
type MakeUp = ReturnType<typeof makeUp>;

test('a step after a step, and a wave after its approval, are within the bounds', () => {
  const { pass, wait } = makeUp();
  const history = [...pass(FIRST, FIVE), ...wait(100), ...pass(SECOND, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])];

  expect(judgeBounds(history, BOUNDS)).toContain('15 hosts by the ramp');
});

test.each<[string, RegExp, (up: MakeUp) => History]>([
  [
    'more hosts than a step has',
    /6 hosts were touched/,
    ({ commit }) => [commit(FIRST, [...FIVE, 6], 'sending')],
  ],
  [
    'a next step while hosts are installed and have not joined',
    /6 hosts were touched/,
    ({ commit, pass }) => [
      ...pass(FIRST, FIVE, ['sending', 'installing', 'installed']),
      commit(FIRST, [6], 'sending'),
    ],
  ],
  [
    'more than the cap of a wave',
    /9 hosts of wave first/,
    ({ commit, pass }) => [...pass(FIRST, FIVE), commit(FIRST, [6, 7, 8, 9, 10, 11, 12, 13, 14], 'sending')],
  ],
  [
    'a wave before its approval',
    /wave rest .*before it was approved/,
    ({ commit, pass, wait }) => [...pass(FIRST, FIVE), ...wait(60), commit(SECOND, [1], 'sending')],
  ],
  [
    'a wave before enough of the one before it have joined',
    /wave rest .*too few/,
    ({ commit, pass, wait }) => [
      commit(FIRST, FIVE, 'queued'),
      ...pass(FIRST, [1, 2, 3]),
      ...wait(200),
      commit(SECOND, [1], 'sending'),
    ],
  ],
  [
    'a wave before they have joined for long enough',
    /wave rest .*for 50 ms/,
    ({ commit, pass, wait }) => [
      ...wait(100),
      ...pass(FIRST, FIVE),
      [],
      ...wait(48),
      commit(SECOND, [1], 'sending'),
    ],
  ],
  [
    'more repairs than may be in flight',
    /3 repairs/,
    ({ commit, pass }) => [
      ...pass(FIRST, FIVE),
      commit(FIRST, FIVE, 'lost'),
      commit(FIRST, [1, 2, 3], 'sending'),
    ],
  ],
])('%s is told', (_what, told, history) => {
  expect(() => judgeBounds(history(makeUp()), BOUNDS)).toThrow(told);
});

test('more than the cap of all is told, whether they are installed or repaired', () => {
  const { commit, pass } = makeUp();
  const history = [
    ...pass(FIRST, FIVE),
    commit(FIRST, [1, 2], 'lost'),
    commit(FIRST, [1, 2], 'sending'),
    commit(SECOND, [1, 2, 3], 'sending'),
  ];

  expect(judgeBounds(history, { ...ONE_RAMP, capOfAll: 5 })).toContain('at most 5 of 5');
  expect(() => judgeBounds(history, { ...ONE_RAMP, capOfAll: 4 })).toThrow(/5 hosts were under way/);
});

test('a step of five that is tried again leaves three open beside the one that failed, and no more', () => {
  const { commit, pass } = makeUp();
  const begun = pass(FIRST, FIVE, ['sending', 'installing', 'installed']);
  const ended = [commit(FIRST, [1], 'joined'), commit(FIRST, [2], 'failed', 'ec2-join-failure')];
  const again = commit(SECOND, FIVE, 'sending');

  expect(judgeBounds([...begun, ...ended, again], ONE_RAMP)).toContain('10 hosts');
  expect(() => judgeBounds([...begun, ...ended, again, commit(SECOND, [6], 'sending')], ONE_RAMP)).toThrow(
    /11 hosts were touched/,
  );
});

test('a canceled host and one whose send was refused give their slots back and prove nothing', () => {
  const { commit, pass } = makeUp();
  const begun = [
    ...pass(FIRST, [1, 2, 3, 4], ['sending', 'installing']),
    commit(FIRST, [5], 'sending'),
    commit(FIRST, [4], 'failed', 'ec2-ssm-canceled'),
    commit(FIRST, [5], 'failed', 'ec2-ssm-agent-not-registered'),
    commit(FIRST, [6, 7], 'sending'),
  ];

  expect(judgeBounds(begun, ONE_RAMP)).toContain('5 hosts');
  expect(() => judgeBounds([...begun, commit(FIRST, [8], 'sending')], ONE_RAMP)).toThrow(/6 hosts/);
});

test('a ramp is over when none is queued and none took a slot for long; while one is queued it is not', () => {
  const { commit, pass, wait } = makeUp();
  const later = Array.from({ length: 30 }, (_, n) => n);
  const quiet = [...pass(FIRST, FIVE), ...wait(1_000), commit(SECOND, later, 'queued')];
  const waiting = [...pass(FIRST, FIVE), commit(SECOND, later, 'queued'), ...wait(1_000)];

  expect(judgeBounds([...quiet, commit(SECOND, later, 'sending')], ONE_RAMP)).toContain('35 hosts');
  expect(() => judgeBounds([...waiting, commit(SECOND, later, 'sending')], ONE_RAMP)).toThrow(/35 hosts/);
});

function countEnd(step: RampStep, field: 'joined' | 'failed' | 'triedFailed'): RampStep {
  return { ...step, [field]: step[field] + 1 };
}

/** Hosts of a ramp that the product's own rule moves on, as early as it may, in an order that leaves as many open as there can be. */
function followRule(seed: number, failing: number, accounts: number): History {
  const random = seededRandom(seed);
  const { pass } = makeUp();
  const none = { taken: 0, joined: 0, failed: 0, tried: 0, triedFailed: 0, carried: 0, failedByAccount: [] };
  let step: RampStep = { ...none, size: RULE.first, accounts };
  let count = 0;
  let [stepCount, firstOfSize] = [0, 0];
  const failedBy = Array.from({ length: accounts }, () => 0);
  const open: { host: number; fails: boolean; account: number; stepCount: number }[] = [];
  const history: (readonly HostChange[])[] = [];
  while (count < 1_500) {
    const move = moveOfRamp({ ...step, failedByAccount: failedBy }, RULE, ONE_RAMP.capOfAll);
    if (move.kind === 'stop' || move.kind === 'end') return history;
    if (move.kind === 'grow') {
      failedBy.fill(0);
      step = { ...none, size: move.size, carried: move.carried, accounts };
    } else if (move.kind === 'repeat') {
      const { tried, triedFailed, taken, failed } = step;
      step = {
        ...step,
        ...none,
        carried: step.carried,
        tried: tried + taken,
        triedFailed: triedFailed + failed,
      };
    }
    if (move.kind !== 'wait') stepCount += 1;
    if (move.kind === 'grow') firstOfSize = stepCount;
    if (step.taken < step.size) {
      const account = count % accounts;
      open.push({ host: count, fails: random() < failing, account, stepCount });
      history.push(...pass(FIRST, [count], ['sending', 'installing', 'installed']));
      count += 1;
      step = { ...step, taken: step.taken + 1 };
      continue;
    }
    // Failures of this step come first, and of those that join the ones of this step.
    const ends =
      open.find((one) => one.fails && one.stepCount === stepCount) ??
      open.findLast((one) => !one.fails) ??
      open[0];
    if (ends === undefined) return history;
    open.splice(open.indexOf(ends), 1);
    history.push(...pass(FIRST, [ends.host], [ends.fails ? 'failed' : 'joined']));
    const isOfSize = ends.stepCount >= firstOfSize;
    if (ends.fails && isOfSize) failedBy[ends.account] = (failedBy[ends.account] ?? 0) + 1;
    if (ends.stepCount === stepCount) step = countEnd(step, ends.fails ? 'failed' : 'joined');
    else if (ends.fails && isOfSize) step = countEnd(step, 'triedFailed');
  }
  return history;
}

test('a ramp that the rule itself moves on is within the bound, however many fail and whichever are left open', () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const history = followRule(
      seed,
      [0.02, 0.08, 0.15, 0.25][seed % 4] ?? 0,
      [1, 2, 4, 20][(seed >> 2) % 4] ?? 1,
    );

    expect(() => judgeBounds(history, ONE_RAMP), `seed ${seed}`).not.toThrow();
  }
});

test('a host that a kill leaves under way for too long is told', () => {
  const { commit, wait } = makeUp();
  const history = [commit(FIRST, [1], 'installed'), ...wait(1_000_000), commit(FIRST, [1], 'joined')];

  expect(() => judgeStays(history, 20)).toThrow(/under way for too long/);
});
