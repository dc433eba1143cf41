import type { UnitRow } from '@muster/api/accounts';
import { expect, test } from 'vitest';
import { pressInTree, rowsOfTree, trailOf } from './unit-rows.ts';

function unit(unitId: string, parentId: string | null, name = ''): UnitRow {
  return { unitId, parentId, name, accounts: 1, denied: 0, hosts: 0, joined: 0, lost: 0, failed: 0 };
}

const UNITS = [
  unit('r-ab12', null, 'Root'),
  unit('ou-2', 'r-ab12', 'Workloads'),
  unit('ou-1', 'r-ab12', 'Sandbox'),
  unit('ou-3', 'ou-2'),
];

function shown(open: readonly string[]): readonly string[] {
  return rowsOfTree(UNITS, new Set(open)).map(({ unit: { unitId }, level }) => `${level} ${unitId}`);
}

test('only what is below an open unit is shown, siblings by name', () => {
  expect(shown([])).toEqual(['1 r-ab12']);
  expect(shown(['r-ab12'])).toEqual(['1 r-ab12', '2 ou-1', '2 ou-2']);
  expect(shown(['r-ab12', 'ou-2'])).toEqual(['1 r-ab12', '2 ou-1', '2 ou-2', '3 ou-3']);
  expect(shown(['ou-2'])).toEqual(['1 r-ab12']);
});

test('a unit without a known parent is a root, and a cycle hides no other unit', () => {
  const odd = [unit('ou-9', 'ou-unknown'), unit('a', 'b'), unit('b', 'a')];
  expect(rowsOfTree(odd, new Set(['a', 'b'])).map((row) => row.unit.unitId)).toEqual(['ou-9']);
});

test('the trail of a unit begins at its root', () => {
  expect(trailOf(UNITS, 'ou-3').map(({ unitId }) => unitId)).toEqual(['r-ab12', 'ou-2', 'ou-3']);
  expect(trailOf(UNITS, 'ou-unknown')).toEqual([]);
  expect(trailOf([unit('a', 'b'), unit('b', 'a')], 'a')).toHaveLength(2);
});

test.each([
  ['ArrowDown', 0, { focus: 1 }],
  ['ArrowDown', 2, { focus: 2 }],
  ['End', 0, { focus: 2 }],
  ['ArrowRight', 0, { focus: 1 }],
  ['ArrowRight', 2, { toggle: 'ou-2' }],
  ['ArrowRight', 1, null],
  ['ArrowLeft', 2, { focus: 0 }],
  ['ArrowLeft', 0, { toggle: 'r-ab12' }],
  ['x', 0, null],
])('%s on row %i does %j', (key, at, expected) => {
  expect(pressInTree(key, rowsOfTree(UNITS, new Set(['r-ab12'])), at)).toEqual(expected);
});
