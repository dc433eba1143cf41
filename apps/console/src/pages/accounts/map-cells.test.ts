import { expect, test } from 'vitest';
import { describeCell, LEGEND, lookOf, type MapAccount, type MapCell, sortAccounts } from './map-cells.ts';

const CELLS: readonly (readonly [name: string, cell: MapCell | null])[] = [
  ['all joined', ['complete', 4, 4, 0]],
  ['some not joined yet', ['complete', 4, 3, 0]],
  ['hosts failed or lost', ['complete', 4, 3, 1]],
  ['denied', ['denied', 0, 0, 0]],
  ['read in part, throttled or failed', ['throttled', 9, 9, 0]],
  ['not read yet', ['pending', 0, 0, 0]],
  ['no hosts', ['complete', 0, 0, 0]],
  ['region off', ['regionOff', 0, 0, 0]],
];

test.each(CELLS)('a cell of "%s" has the sign that the legend gives it', (name, cell) => {
  expect(LEGEND.find(({ means }) => means === name)?.sign).toBe(lookOf(cell).sign);
});

test('no two meanings look alike', () => {
  const looks = LEGEND.map(({ tone, sign }) => `${tone} ${sign}`);
  expect(new Set(looks).size).toBe(looks.length);
});

test('a target that could not be read is never told as empty', () => {
  expect(describeCell('eu-west-1', ['denied', 0, 0, 0])).toBe('eu-west-1: denied');
  expect(describeCell('eu-west-1', ['failed', 9, 7, 2])).toBe(
    'eu-west-1: failed; as last read: 9 hosts, 7 joined, 2 failed or lost',
  );
  expect(describeCell('eu-west-1', ['complete', 0, 0, 0])).toBe('eu-west-1: no hosts');
  expect(describeCell('eu-west-1', null)).toBe('eu-west-1: not in scope');
});

test('accounts that want attention come first, the others by name', () => {
  const account = (name: string, ...cells: MapAccount['cells']): MapAccount => ({
    accountId: `${name.length}${name}`,
    name,
    cells,
  });
  const accounts = [
    account('calm', ['complete', 4, 4, 0]),
    account('broken', ['complete', 40, 30, 10]),
    account('a', ['complete', 1, 1, 0]),
    account('closed', ['denied', 0, 0, 0]),
  ];

  expect(sortAccounts(accounts, 'attention').map(({ name }) => name)).toEqual([
    'closed',
    'broken',
    'a',
    'calm',
  ]);
  expect(sortAccounts(accounts, 'name').map(({ name }) => name)).toEqual(['a', 'broken', 'calm', 'closed']);
});
