import { aCoverage, anAccountId, seededRandom } from '@muster/testing/builders';
import { ENROLLMENT_STATES } from '@muster/core/enrollment/record';
import type { AccountId } from '@muster/core/organization/ids';
import { expect, test } from 'vitest';
import { createPlaces } from './places.ts';
import { listTargets, mapPlaces } from './place-list.ts';
import { createPlaceRollup } from './place-rollup.ts';
import { createTallies, type TallyFacts } from './tallies.ts';

test('denied is an account that cannot be entered: one that is kept out of a region is read in part', () => {
  const places = createPlaces();
  const [entered, locked] = ['111122223333', '444455556666'] as AccountId[];
  const denied = aCoverage({ status: 'denied', cause: 'ec2-perm-account-denied' });
  places.put(
    [entered, locked].flatMap((accountId) =>
      accountId === undefined ? [] : [{ accountId, name: '', ancestorIds: [] }],
    ),
    [
      { id: `${entered}.eu-west-1`, coverage: aCoverage() },
      { id: `${entered}.us-east-1`, coverage: denied },
      { id: `${locked}.*`, coverage: denied },
    ],
  );

  const { accounts } = createPlaceRollup({ places, tallies: createTallies() })();

  expect(accounts.map(({ accountId, status, cause }) => [accountId, status, cause])).toEqual([
    [entered, 'partial', 'ec2-perm-account-denied'],
    [locked, 'denied', 'ec2-perm-account-denied'],
  ]);
});

test('a host is under way from when it is seen until it has joined, failed or cannot be enrolled', () => {
  const places = createPlaces();
  const accountId = anAccountId(0);
  places.put(
    [{ accountId, name: '', ancestorIds: [] }],
    [{ id: `${accountId}.eu-west-1`, coverage: aCoverage() }],
  );
  const tallies = createTallies();
  for (const state of ENROLLMENT_STATES) {
    tallies.count({
      account: accountId,
      region: 'eu-west-1',
      state,
      cause: '',
      wave: '',
      matcher: 'm',
      platform: '',
    });
  }

  const [account] = createPlaceRollup({ places, tallies })().accounts;

  expect(account).toMatchObject({ hosts: 9, joined: 1, lost: 1, failed: 1, ineligible: 1, underWay: 5 });
});

test('hosts of an account that cannot be entered, and of a region out of scope, are in its sums, in those of targets and on the map', () => {
  const places = createPlaces();
  const [open, locked] = ['111122223333', '444455556666'] as AccountId[];
  if (open === undefined || locked === undefined) throw new Error('no account');
  places.put(
    [open, locked].map((accountId) => ({ accountId, name: '', ancestorIds: [] })),
    [
      { id: `${open}.eu-west-1`, coverage: aCoverage() },
      {
        id: `${locked}.*`,
        coverage: aCoverage({ status: 'denied', cause: 'ec2-perm-account-denied' }),
      },
    ],
  );
  const tallies = createTallies();
  const count = (account: string, region: string, state: string): void => {
    const facts: TallyFacts = { account, region, state, cause: '', wave: '', matcher: 'm', platform: '' };
    tallies.count(facts);
  };
  count(open, 'eu-west-1', 'joined');
  count(open, 'us-east-1', 'failed');
  count(open, 'us-east-2', 'gone');
  count(locked, 'eu-west-1', 'joined');
  count(locked, 'eu-west-1', 'lost');
  count(locked, 'sa-east-1', 'queued');

  const all = createPlaceRollup({ places, tallies })();
  const page = { sort: [], limit: 50, after: null };
  const { items } = listTargets(all, {}, page);

  const sumOf = (rows: readonly { readonly hosts: number }[]): number =>
    rows.reduce((sum, { hosts }) => sum + hosts, 0);
  expect(all.accounts.map(({ hosts, status }) => [hosts, status])).toEqual([
    [2, 'complete'],
    [3, 'denied'],
  ]);
  expect(sumOf(items)).toBe(sumOf(all.accounts));
  expect(items.map(({ accountId, region, status, hosts }) => [accountId, region, status, hosts])).toEqual([
    [open, 'eu-west-1', 'complete', 1],
    [open, 'us-east-1', 'pending', 1],
    [locked, '*', 'denied', 3],
  ]);
  expect(mapPlaces(all, {})).toMatchObject({
    regions: ['eu-west-1', 'sa-east-1', 'us-east-1'],
    accounts: [
      { accountId: open, cells: [['complete', 1, 1, 0], null, ['pending', 1, 0, 1]] },
      {
        accountId: locked,
        cells: [
          ['denied', 2, 1, 1],
          ['denied', 1, 0, 0],
          ['denied', 0, 0, 0],
        ],
      },
    ],
  });
});

test('sums that are kept up to date are those that are added up at the end', () => {
  const random = seededRandom(11);
  const [kept, late] = [0, 1].map(() => ({ places: createPlaces(), tallies: createTallies() }));
  if (kept === undefined || late === undefined) throw new Error('no sources');
  const keptSums = createPlaceRollup(kept);
  const pick = (most: number): number => Math.floor(random() * most);
  const counted: number[] = [];
  for (let n = 0; n < 2_000; n += 1) {
    const account = anAccountId(pick(6));
    const target = `${account}.${['eu-west-1', 'us-east-1', '*'][pick(3)]}`;
    const facts = { account, region: ['eu-west-1', 'us-east-1'][pick(2)] ?? '', state: 'joined', cause: '' };
    const act = counted.length === 0 ? 3 : pick(5);
    const [word = '', which] = [['joined', 'failed', 'gone'][pick(3)], pick(counted.length)];
    const isAccount = pick(9) === 0;
    for (const { places, tallies } of [kept, late]) {
      if (act === 0) places.put([{ accountId: account, name: `n-${n}`, ancestorIds: [] }], []);
      else if (act === 1) places.put([], [{ id: target, coverage: aCoverage() }]);
      else if (act === 2) places.remove([isAccount ? account : target]);
      else if (act === 3) {
        const tally = tallies.count({ ...facts, state: word, wave: '', matcher: '', platform: '' });
        if (tallies === kept.tallies) counted.push(tally);
      } else tallies.discount(counted[which] ?? 0);
    }
    if (act === 4) counted.splice(which, 1);
    if (n % 7 === 0) keptSums();
  }

  const inOrder = ({ accounts, targets, withinWhole }: ReturnType<typeof keptSums>) => [
    accounts.toSorted((a, b) => (a.accountId < b.accountId ? -1 : 1)),
    targets.map((target) => JSON.stringify(target)).toSorted(),
    [...withinWhole].map((one) => JSON.stringify(one)).toSorted(),
  ];
  expect(inOrder(keptSums())).toEqual(inOrder(createPlaceRollup(late)()));
});
