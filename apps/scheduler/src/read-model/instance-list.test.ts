import type { InstanceFilter, InstanceSummary } from '@muster/api/instances';
import { anAccountId, seededRandom } from '@muster/testing/builders';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Target } from '@muster/core/organization/target';
import type { Position } from '../api/cursor.ts';
import { type InstanceList, listIds, listInstances } from './instance-list.ts';
import { type Model, openModel } from './model.ts';
import { aRandomFleet } from './random-fleet.fixture.ts';

const HOSTS = 200;
const SORTS = [
  'instanceId',
  'name',
  '-since',
  'state,-since',
  '-attempts,name',
  'nextAttemptAt',
  '-joinedAt',
  'region,state',
];
const FILTERS: readonly InstanceFilter[] = [
  {},
  { state: ['failed'] },
  { state: ['failed', 'joined'], region: ['eu-west-1'] },
  { cause: ['ec2-join-failure'] },
  { account: [anAccountId(1), anAccountId(3)] },
  { unit: 'ou-1' },
  { owner: ['muster', 'host-owner'] },
  { owner: ['operator'], state: ['failed', 'ineligible', 'lost'] },
  { wave: ['first'], platform: ['Ubuntu'] },
  { q: 'web' },
  { q: 'DB_1 api' },
  { q: '%' },
  { q: 'shop-2', state: ['joined'] },
  { q: 'i-000000000000000' },
  { q: 'i-0000000000000001f' },
  { q: anAccountId(2) },
  { tag: ['team=cache', 'team=Batch'] },
  { tag: ['team'], q: 'off' },
  { matcher: ['0000000000000001'], state: ['queued'] },
];

let model: Model;
let all: readonly InstanceSummary[];

beforeEach(() => {
  model = openModel();
  const random = seededRandom(5);
  for (const { target, records } of aRandomFleet(HOSTS, random).values()) {
    model.instances.put(target, records);
  }
  for (let n = 0; n < 5; n += 1) {
    const account = { accountId: anAccountId(n), name: `shop-${n}`, ancestorIds: ['r-1', `ou-${n % 2}`] };
    model.places.put([account], []);
  }
  all = rowsOf({}, HOSTS + 1);
});
afterEach(() => {
  model.db.close();
});

function pageOf(filter: InstanceFilter, limit: number, sort = 'instanceId', after: Position | null = null) {
  const keys = sort
    .split(',')
    .map((word) => ({ field: word.replace('-', ''), descending: word.startsWith('-') }));
  return listInstances(model, filter, { limit, sort: keys, after });
}

function rowsOf(filter: InstanceFilter, limit: number, sort?: string): readonly InstanceSummary[] {
  const rows: InstanceSummary[] = [];
  let after: Position | null = null;
  do {
    const { items, last }: InstanceList = pageOf(filter, limit, sort, after);
    rows.push(...items);
    after = last;
  } while (after !== null);
  return rows;
}

/** What the filter means, said once more in the plainest way. */
function fits(row: InstanceSummary, filter: InstanceFilter): boolean {
  const { q, tag, unit, owner, account, ...plain } = filter;
  const words = (q ?? '').toLowerCase().split(' ').filter(Boolean);
  const texts = [row.instanceId, row.name, row.accountId, row.accountName, ...Object.values(row.tags)];
  const column = { ...row, cause: row.cause ?? '', wave: row.wave ?? '', platform: row.platform ?? '' };
  return (
    Object.entries(plain).every(
      ([name, wanted]: [string, readonly string[] | undefined]) =>
        wanted === undefined || wanted.includes(column[name as 'state']),
    ) &&
    (account?.includes(row.accountId) ?? true) &&
    (unit === undefined || `ou-${Number(row.accountId.at(-1)) % 2}` === unit) &&
    (owner === undefined || (row.owner !== null && owner.includes(row.owner))) &&
    words.every((word) => texts.some((text) => text.toLowerCase().includes(word))) &&
    (tag?.some((one) => {
      const [key = '', value] = one.split('=');
      return key in row.tags && (value === undefined || row.tags[key] === value);
    }) ??
      true)
  );
}

function sumsOf(
  rows: readonly InstanceSummary[],
  field: 'state' | 'cause' | 'region',
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const row of rows) if (row[field] !== null) sums[row[field]] = (sums[row[field]] ?? 0) + 1;
  return sums;
}

test('a list has every row once', () => {
  expect(all).toHaveLength(HOSTS);
  expect(new Set(all.map(({ instanceId }) => instanceId)).size).toBe(HOSTS);
});

describe.each(FILTERS.map((filter) => [JSON.stringify(filter), filter] as const))('of %s', (_, filter) => {
  test('a list has the rows that fit, in the order that is asked for, page by page as in one', () => {
    const wanted = all.filter((row) => fits(row, filter));
    for (const sort of SORTS) {
      const rows = rowsOf(filter, 7, sort);
      expect(rows.map(({ instanceId }) => instanceId).toSorted()).toEqual(
        wanted.map(({ instanceId }) => instanceId).toSorted(),
      );
      expect(rows).toEqual(rowsOf(filter, HOSTS, sort));
      const [first = ''] = sort.split(',');
      const keys = rows.map((row) => row[first.replace('-', '') as keyof InstanceSummary] ?? '\u{10FFFF}');
      const sorted = keys.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      expect(keys).toEqual(first.startsWith('-') ? sorted.toReversed() : sorted);
    }
  });

  test('totals and choices are counted over all of them', () => {
    const { total, facets } = pageOf(filter, 1);
    const without = (field: 'state' | 'cause' | 'region') =>
      all.filter((row) => fits(row, { ...filter, [field]: undefined }));

    expect(total).toBe(all.filter((row) => fits(row, filter)).length);
    expect(facets.state).toEqual(sumsOf(without('state'), 'state'));
    expect(facets.cause).toEqual(sumsOf(without('cause'), 'cause'));
    expect(facets.region).toEqual(sumsOf(without('region'), 'region'));
  });

  test('a bulk action is given each of them once', () => {
    const ids: string[] = [];
    let chunk = listIds(model, filter, '', 9);
    while (chunk.length > 0) {
      ids.push(...chunk.map(({ instanceId }) => instanceId));
      chunk = listIds(model, filter, ids.at(-1) ?? '', 9);
    }

    expect(ids).toEqual(
      all
        .filter((row) => fits(row, filter))
        .map(({ instanceId }) => instanceId)
        .toSorted(),
    );
  });
});

test('a page goes on behind its cursor when that row and others are gone, and shows no row twice', () => {
  const first = pageOf({}, 50, '-since');
  const [gone] = first.items.slice(-1);
  const target = { accountId: gone?.accountId, region: gone?.region } as Target;
  model.instances.remove(target, [gone?.instanceId ?? '']);

  const second = pageOf({}, HOSTS, '-since', first.last);

  const shown = [...first.items, ...second.items].map(({ instanceId }) => instanceId);
  expect(new Set(shown).size).toBe(HOSTS);
});
