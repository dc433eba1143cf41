import { expect, test } from 'vitest';
import { formatWaves } from './waves.ts';

const FIGURES = { hosts: 10, joined: 8, failed: 1, lost: 0, underWay: 0, waiting: 1 };

test('figures stand in a table, and under it what each wave waits for', () => {
  const why = '90 % of wave canary must have joined for 15m: now 80 % (8 of 10)';
  const lines = formatWaves([
    { name: 'canary', state: 'begun', waitsFor: null, why: null, until: null, ...FIGURES },
    { name: 'eu', state: 'waits', waitsFor: 'after', why, until: null, ...FIGURES },
    {
      name: 'us',
      state: 'waits',
      waitsFor: 'approval',
      why: 'muster approve us (10 hosts)',
      until: null,
      ...FIGURES,
    },
  ]);

  expect(lines).toEqual([
    'wave    hosts  joined  failed  lost  under way  waiting',
    'canary     10       8       1     0          0        1',
    'eu         10       8       1     0          0        1',
    'us         10       8       1     0          0        1',
    '',
    'canary: has begun',
    `eu: waits: ${why}`,
    'us: waits for approval: muster approve us (10 hosts)',
  ]);
});

test('without waves it says so', () => {
  expect(formatWaves([])).toEqual(['there are no waves: all hosts begin at once (muster.rollout.waves)']);
});
