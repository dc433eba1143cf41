/** The judge of the chaos suite can say no: made-up histories in which one bound is exceeded. */
import { describe, expect, test } from 'vitest';
import { type Bounds, judgeBounds } from './bounds.ts';
import type { HostChange } from './change-history.ts';
import { judgeStays } from './stays.ts';

const FIRST = '111111111111.us-east-1';
const SECOND = '222222222222.us-east-1';
const BOUNDS: Bounds = {
  ramp: { first: 5, factor: 2, success: 0.9 },
  capOfAll: 1_000,
  quietMs: 1_000,
  repairsInFlight: 2,
  waves: [
    { name: 'first', accounts: new Set(['111111111111']), inFlight: 8, afterJoined: 0, approvedAtMs: null },
    { name: 'rest', accounts: null, inFlight: 1_000, afterJoined: 0.8, approvedAtMs: 100 },
  ],
};

let nowMs = 0;
/** One commit: these hosts of a target are in this state now. */
function commit(target: string, hosts: readonly number[], state: string): readonly HostChange[] {
  nowMs += 1;
  return hosts.map((n) => ({ host: `${target}/${n}`, target, before: '', state, cause: null, atMs: nowMs }));
}

function joined(target: string, hosts: readonly number[]): readonly (readonly HostChange[])[] {
  return ['sending', 'installing', 'installed', 'joined'].map((state) => commit(target, hosts, state));
}

const FIVE = [1, 2, 3, 4, 5];

describe('bounds', () => {
  test('a step after a step, and a wave after its approval, are within them', () => {
    nowMs = 0;
    const first = joined(FIRST, FIVE);
    nowMs = 100;

    expect(judgeBounds([...first, ...joined(SECOND, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])], BOUNDS)).toContain(
      '0 repairs',
    );
  });

  test.each<[string, RegExp, () => readonly (readonly HostChange[])[]]>([
    ['more hosts than a step has', /6 hosts were touched/, () => [commit(FIRST, [...FIVE, 6], 'sending')]],
    [
      'a next step while hosts are installed and have not joined',
      /6 hosts were touched/,
      () => [
        ...['sending', 'installing', 'installed'].map((state) => commit(FIRST, FIVE, state)),
        commit(FIRST, [6], 'sending'),
      ],
    ],
    [
      'more than the cap of a wave',
      /9 hosts of wave first/,
      () => [...joined(FIRST, FIVE), commit(FIRST, [6, 7, 8, 9, 10, 11, 12, 13, 14], 'sending')],
    ],
    [
      'a wave before its approval',
      /wave rest .*before it was approved/,
      () => {
        nowMs = 0;
        return [...joined(FIRST, FIVE), commit(SECOND, [1], 'sending')];
      },
    ],
    [
      'a wave before enough of the one before it have joined',
      /wave rest .*too few/,
      () => [
        commit(FIRST, FIVE, 'queued'),
        ...joined(FIRST, [1, 2, 3]),
        ...((nowMs = 200), [commit(SECOND, [1], 'sending')]),
      ],
    ],
    [
      'more repairs than may be in flight',
      /3 repairs/,
      () => [...joined(FIRST, FIVE), commit(FIRST, FIVE, 'lost'), commit(FIRST, [1, 2, 3], 'sending')],
    ],
  ])('%s is told', (_what, told, history) => {
    nowMs = 0;

    expect(() => judgeBounds(history(), BOUNDS)).toThrow(told);
  });

  test('a host that a kill leaves under way for too long is told', () => {
    nowMs = 0;
    const begun = commit(FIRST, [1], 'installed');
    nowMs = 1_000_000;

    expect(() => judgeStays([begun, commit(FIRST, [1], 'joined')], 20)).toThrow(/under way for too long/);
  });
});
